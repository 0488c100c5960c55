import { createHash } from 'node:crypto';
import { open, realpath } from 'node:fs/promises';
import type { Source, SourceBatch, SourceFormat } from '../../runtime/source.ts';
import { readBytes } from './bytes.ts';
import { readCsv } from './csv.ts';
import { fileError, SourceError } from './errors.ts';
import { inspectFile } from './inspect.ts';
import { readLines } from './ndjson.ts';
import { wasUnfinished } from './unfinished-row.ts';

/**
 * Opens a file of events: NDJSON, CSV with a header, or Parquet; the first two also gzipped. The format is found by
 * content and name unless `format` says it.
 *
 * Throws SourceError, whose message names the file: it is missing, a directory, empty, unreadable, or of no known
 * format; or, from `batches`, it ends too early or is damaged, in which case all rows before were yielded.
 */
export async function openSource(
  path: string,
  options: { readonly format?: SourceFormat } = {},
): Promise<Source> {
  const { format, gzip, stats } = await inspectFile(path, options.format);
  const id = `file:${await realpath(path)}`;
  const mark = await endMark(path, stats.size);
  let readBytesSoFar = 0;

  const common = {
    name: path,
    id,
    format,
    checkpoint: (rows: number) => JSON.stringify({ rows, size: stats.size, mark } satisfies FileCheckpoint),
    rowsDone: async (checkpoint: string | null) => {
      const then = await priorState(path, stats.size, checkpoint);
      if (then === null) return 0;
      const asText = format === 'parquet' || gzip ? null : format;
      return asText !== null && (await wasUnfinished(path, asText, then)) ? then.rows - 1 : then.rows;
    },
  };

  if (format === 'parquet') {
    // DuckDB takes its time to load, and only Parquet needs it.
    const { openParquet } = await import('./parquet.ts');
    const file = await openParquet(path).catch(error => {
      throw new SourceError(path, 0, `${path} cannot be read as Parquet: ${firstLine(error)}`, {
        cause: error,
      });
    });
    let rows = 0;
    return {
      ...common,
      columns: file.columns,
      batches: skip =>
        guarded(path, file.batches(skip), last => {
          rows = last;
        }),
      progress: () => ({ done: rows, total: file.totalRows }),
      close: async () => file.close(),
    };
  }

  const pieces = () => {
    readBytesSoFar = 0;
    // Not what is added meanwhile: checkpoints speak of the file as it was when it was opened.
    return readBytes(path, { gzip, size: stats.size }, bytes => {
      readBytesSoFar += bytes;
    });
  };
  const columns = format === 'csv' ? await readHeader(path, pieces()) : null;
  return {
    ...common,
    columns,
    batches: skip =>
      guarded(path, format === 'csv' ? readCsv(pieces(), skip, () => {}) : readLines(pieces(), skip)),
    progress: () => ({ done: readBytesSoFar, total: stats.size }),
    close: async () => {},
  };
}

/** Says of any failure in which file it was and how many rows came before it. */
async function* guarded(
  path: string,
  batches: AsyncIterable<SourceBatch>,
  onRows: (lastRow: number) => void = () => {},
): AsyncGenerator<SourceBatch> {
  let last = 0;
  try {
    for await (const batch of batches) {
      last = batch.firstRow + batch.rows.length - 1;
      onRows(last);
      yield batch;
    }
  } catch (error) {
    if (error instanceof SourceError)
      throw new SourceError(path, last, error.message, { cause: error.cause });
    const where = last === 0 ? path : `${path}, after row ${last}`;
    throw new SourceError(path, last, `${where}: ${firstLine(error)}`, { cause: error });
  }
}

const firstLine = (error: unknown): string => (error as Error).message.split('\n', 1)[0]!;

async function readHeader(path: string, pieces: AsyncIterable<Buffer>): Promise<readonly string[]> {
  let columns: readonly string[] | null = null;
  const rows = readCsv(pieces, 0, header => {
    columns = header;
  });
  for await (const _ of guarded(
    path,
    stopAfter(rows, () => columns !== null),
  ))
    break;
  if (columns === null)
    throw new SourceError(path, 0, `${path} is empty: a CSV file begins with the names of its columns`);
  return columns;
}

async function* stopAfter(
  batches: AsyncIterable<SourceBatch>,
  stop: () => boolean,
): AsyncGenerator<SourceBatch> {
  for await (const batch of batches) {
    yield batch;
    if (stop()) return;
  }
}

interface FileCheckpoint {
  readonly rows: number;
  /** Of the file when the checkpoint was made. */
  readonly size: number;
  readonly mark: string;
}

/** A file is what it was while its first bytes, and those where it then ended, are unchanged: it may have grown. */
async function priorState(
  path: string,
  size: number,
  checkpoint: string | null,
): Promise<FileCheckpoint | null> {
  if (checkpoint === null) return null;
  const then = JSON.parse(checkpoint) as FileCheckpoint;
  return then.size <= size && (await endMark(path, then.size)) === then.mark ? then : null;
}

const markBytes = 4096;

async function endMark(path: string, size: number): Promise<string> {
  try {
    await using file = await open(path, 'r');
    const hash = createHash('sha256');
    for (const from of [0, Math.max(0, size - markBytes)]) {
      const length = Math.min(markBytes, size - from);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, from);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest('hex').slice(0, 32);
  } catch (error) {
    throw fileError(path, error);
  }
}
