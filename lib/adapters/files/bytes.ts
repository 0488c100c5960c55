import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { fileError } from './errors.ts';

/** Thrown by `inflate` where a gzip file ends too early or is damaged; all that could be read came before it. */
export class GzipError extends Error {
  override readonly name = 'GzipError';
}

/** The file's first `size` bytes in pieces, inflated where it is gzip; `onRead` hears of the bytes taken from the disk. */
export async function* readBytes(
  path: string,
  { gzip, size }: { readonly gzip: boolean; readonly size: number },
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const pieces = readPieces(path, size, onRead);
  if (gzip) yield* inflate(pieces);
  else yield* pieces;
}

async function* readPieces(
  path: string,
  size: number,
  onRead: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  // Gzipped events inflate to some ten times, rarely a thousand times, of a piece: it bounds the memory taken.
  const stream = createReadStream(path, { highWaterMark: 64 * 1024, end: size - 1 });
  try {
    for await (const piece of stream) {
      onRead(piece.length);
      yield piece;
    }
  } catch (error) {
    throw fileError(path, error);
  } finally {
    stream.destroy();
  }
}

/**
 * Inflates piece by piece rather than by a pipe: a stream that fails drops what it has inflated and not yet handed
 * over, and the rows before the damage are wanted. The next piece inflates (on zlib's thread) while this one is used.
 */
async function* inflate(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  const out: Buffer[] = [];
  let failure: Error | null = null;
  let resume = () => {};
  const fail = (error: Error) => {
    failure ??= error;
    resume();
  };
  gunzip.on('data', (part: Buffer) => out.push(part));
  gunzip.on('error', fail);
  const step = (run: (done: (error?: Error | null) => void) => void): Promise<Buffer[]> =>
    new Promise(resolve => {
      resume = () => {
        // A part may still wait in the stream when the write is called done; reading emits it.
        while (failure === null && gunzip.read() !== null);
        resolve(out.splice(0));
      };
      if (failure !== null) resume();
      else run(error => (error ? fail(error) : resume()));
    });
  try {
    let ahead: Promise<Buffer[]> | null = null;
    for await (const piece of pieces) {
      const ready: Buffer[] = ahead === null ? [] : await ahead;
      if (failure !== null) {
        yield* ready;
        break;
      }
      ahead = step(done => gunzip.write(piece, done));
      yield* ready;
    }
    if (ahead !== null) yield* await ahead;
    // Only the end tells whether the file was whole.
    yield* await step(done => gunzip.once('end', done).end());
    if (failure !== null) throw new GzipError(describe(failure), { cause: failure });
  } finally {
    gunzip.destroy();
  }
}

const describe = (error: NodeJS.ErrnoException): string =>
  error.code === 'Z_BUF_ERROR'
    ? 'the gzip file ends too early (truncated)'
    : `the gzip file is damaged (${error.message})`;
