import type { SourceBatch } from '../../runtime/source.ts';
import { withoutBom } from './inspect.ts';

/** The longest row that is taken into memory. Events end far below; the transform quarantines what is above its limit. */
export const longestRow = 16 * 1024 * 1024;

/** A row that is longer than `longestRow`. */
export class RowTooLongError extends Error {
  override readonly name = 'RowTooLongError';
  readonly row: number;
  constructor(row: number) {
    super(`row ${row} is longer than ${longestRow / 1024 / 1024} MiB: is it one event a line?`);
    this.row = row;
  }
}

/**
 * The lines of NDJSON as they stand, bytes unparsed, so that nothing is lost of a bad one. Blank lines are no rows;
 * a line may end in CRLF, the last one in nothing.
 */
export async function* readLines(pieces: AsyncIterable<Buffer>, skip: number): AsyncGenerator<SourceBatch> {
  let row = 0;
  let rows: Buffer[] = [];
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let atStart = true;
  let tooLong = false;

  const take = (line: Buffer) => {
    const end = line.at(-1) === carriageReturn ? line.length - 1 : line.length;
    if (isBlank(line, end)) return;
    if (end > longestRow) tooLong = true;
    if (tooLong) return;
    row++;
    if (row > skip) rows.push(end === line.length ? line : line.subarray(0, end));
  };
  const batch = (): SourceBatch => {
    const taken = rows;
    rows = [];
    return { firstRow: row - taken.length + 1, rows: taken };
  };

  for await (const whole of pieces) {
    const piece = atStart ? withoutBom(whole) : whole;
    atStart = false;
    let from = 0;
    for (let end = piece.indexOf(newline); end >= 0; end = piece.indexOf(newline, from)) {
      const part = piece.subarray(from, end);
      from = end + 1;
      if (begunBytes === 0) take(part);
      else {
        take(Buffer.concat([...begun, part]));
        begun = [];
        begunBytes = 0;
      }
    }
    if (from < piece.length) {
      begun.push(piece.subarray(from));
      begunBytes += piece.length - from;
      if (begunBytes > longestRow) tooLong = true;
    }
    if (rows.length > 0) yield batch();
    if (tooLong) throw new RowTooLongError(row + 1);
  }
  if (begunBytes > 0) take(Buffer.concat(begun));
  if (rows.length > 0) yield batch();
}

const newline = 0x0a;
const carriageReturn = 0x0d;

function isBlank(line: Buffer, end: number): boolean {
  for (let i = 0; i < end; i++) {
    const byte = line[i];
    if (byte !== 0x20 && byte !== 0x09) return false;
  }
  return true;
}
