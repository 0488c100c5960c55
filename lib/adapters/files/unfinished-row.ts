import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { SourceBatch } from '../../runtime/source.ts';
import { readCsv } from './csv.ts';
import { readLines } from './ndjson.ts';

/**
 * Whether row `rows` of a text file was still being written when the file had `size` bytes, so that it was read in
 * part: there was no line end after it, and the file went on in the same line.
 */
export async function wasUnfinished(
  path: string,
  format: 'ndjson' | 'csv',
  { rows, size }: { readonly rows: number; readonly size: number },
): Promise<boolean> {
  if (rows === 0 || !(await isWithinLine(path, size))) return false;
  const before = createReadStream(path, { end: size - 1 });
  const batches: AsyncIterable<SourceBatch> =
    format === 'csv' ? readCsv(before, 0, () => {}) : readLines(before, 0);
  let last = 0;
  try {
    for await (const batch of batches) last = batch.firstRow + batch.rows.length - 1;
  } catch {
    // What broke off in the midst of a cell was no row yet.
    return false;
  }
  return last === rows;
}

async function isWithinLine(path: string, size: number): Promise<boolean> {
  await using file = await open(path, 'r');
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, size - 1);
  return bytesRead === 2 && ![...buffer].some(byte => byte === 0x0a || byte === 0x0d);
}
