import type { Stats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import type { SourceFormat } from '../../runtime/source.ts';
import { fileError, SourceError } from './errors.ts';

export interface FileNature {
  readonly format: SourceFormat;
  readonly gzip: boolean;
  readonly stats: Stats;
}

/**
 * Looks at the first bytes of a file to learn how to read it. Content decides over the name where it is
 * unmistakable (gzip, Parquet); then `format`; then the name's extension; then what the first line looks like.
 */
export async function inspectFile(path: string, format?: SourceFormat): Promise<FileNature> {
  const { head, stats } = await readHead(path);
  if (stats.isDirectory()) throw new SourceError(path, 0, `${path} is a directory: name the files in it`);
  if (!stats.isFile()) {
    throw new SourceError(
      path,
      0,
      `${path} is a pipe or device, in which no place can be kept: write it to a file first`,
    );
  }
  if (head.length === 0) throw new SourceError(path, 0, `${path} is empty`);
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  if (!gzip && /\.gz$/i.test(path)) {
    throw new SourceError(path, 0, `${path} is named .gz but is not gzip: rename it, or fetch it again`);
  }
  const text = gzip ? await inflateHead(path, head) : head;
  const found = formatOf(path, text, format);
  if (found === 'parquet' && gzip) {
    throw new SourceError(
      path,
      0,
      `${path} is gzipped Parquet, which cannot be read in place: gunzip it first`,
    );
  }
  if (found !== 'parquet') refuseOtherEncodings(path, text);
  return { format: found, gzip, stats };
}

const headBytes = 64 * 1024;

async function readHead(path: string): Promise<{ head: Buffer; stats: Stats }> {
  try {
    // Before it is opened: a pipe would wait for its writer.
    const stats = await stat(path);
    if (!stats.isFile()) return { head: Buffer.alloc(0), stats };
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return { head: buffer.subarray(0, bytesRead), stats };
  } catch (error) {
    throw fileError(path, error);
  }
}

/** The first bytes of what a gzip file holds; whatever is wrong with the rest is for the reader to say. */
async function inflateHead(path: string, head: Buffer): Promise<Buffer> {
  const gunzip = createGunzip();
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  gunzip.on('data', part => parts.push(part));
  gunzip.on('error', error => {
    if (parts.length > 0) resolve(Buffer.concat(parts));
    else reject(new SourceError(path, 0, `${path} is damaged: ${error.message}`, { cause: error }));
  });
  // Not ended: the head stops in the midst of the file.
  gunzip.write(head, () => setImmediate(() => resolve(Buffer.concat(parts))));
  try {
    return (await promise).subarray(0, headBytes);
  } finally {
    gunzip.destroy();
  }
}

function formatOf(path: string, head: Buffer, format: SourceFormat | undefined): SourceFormat {
  const isParquet = head.subarray(0, 4).toString('latin1') === 'PAR1';
  if (isParquet) return 'parquet';
  if (format === 'parquet' || (format === undefined && /\.parquet$/i.test(path))) {
    throw new SourceError(path, 0, `${path} is not a Parquet file: it does not begin with PAR1`);
  }
  if (format !== undefined) return format;
  const extension = /\.(\w+)(?:\.gz)?$/i.exec(path)?.[1]?.toLowerCase();
  const text = withoutBom(head).toString('latin1').trimStart();
  if (text.startsWith('[') && extension !== 'csv') {
    throw new SourceError(
      path,
      0,
      `${path} holds a JSON array; events must stand one on a line: jq -c '.[]' ${path} > events.ndjson`,
    );
  }
  if (extension === 'ndjson' || extension === 'jsonl' || extension === 'json') return 'ndjson';
  if (extension === 'csv') return 'csv';
  if (text.startsWith('{')) return 'ndjson';
  const firstLine = text.split(/\r?\n/, 1)[0] ?? '';
  if (firstLine.includes(',')) return 'csv';
  throw new SourceError(
    path,
    0,
    `${path} looks like no format known here: say --format ndjson, csv or parquet`,
  );
}

function refuseOtherEncodings(path: string, head: Buffer): void {
  const utf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (utf16) {
    throw new SourceError(path, 0, `${path} is UTF-16: convert it with iconv -f UTF-16 -t UTF-8`);
  }
}

/** UTF-8's byte order mark, which some programs write, is no part of the text. */
export const withoutBom = (bytes: Buffer): Buffer =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
