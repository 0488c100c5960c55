import { isUtf8 } from 'node:buffer';
import { CsvError, type Parser, parse } from 'csv-parse';
import type { SourceBatch, SourceRow } from '../../runtime/source.ts';
import { withoutBom } from './inspect.ts';
import { longestRow, RowTooLongError } from './ndjson.ts';

/** A CSV file that cannot be read on: its header makes no sense, or its quotes never close. */
export class CsvFormatError extends Error {
  override readonly name = 'CsvFormatError';
}

/**
 * The rows of a CSV file with a header (RFC 4180; also BOM, LF or CR, blank lines, quotes in the midst of a cell). The
 * first batch is preceded by a call of `onHeader`. A row with more or fewer cells than the header, or with bytes
 * that are not UTF-8, is given as bytes: no event can be made of it.
 */
export async function* readCsv(
  pieces: AsyncIterable<Buffer>,
  skip: number,
  onHeader: (columns: readonly string[]) => void,
): AsyncGenerator<SourceBatch> {
  let columns: readonly string[] | null = null;
  let row = 0;
  let rows: SourceRow[] = [];

  // Rows are taken here and not from the stream, which would drop those before an error.
  const onRecord = (cells: string[]) => {
    if (columns === null) {
      columns = cells.map(decodeHeader);
      checkHeader(columns);
      onHeader(columns);
    } else if (++row > skip) {
      rows.push(decodeRow(cells, columns.length));
    }
    return null;
  };
  let parser: Parser | null = null;
  let failure: Error | null = null;
  let resume = () => {};
  const fail = (error: Error) => {
    failure ??= error;
    resume();
  };
  const open = (first: Buffer): Parser =>
    parse({
      // Gives every byte its own character, so that a cell that is not UTF-8 can be told and kept as it is.
      encoding: 'latin1',
      record_delimiter: lineEnds(first),
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      max_record_size: longestRow,
      on_record: onRecord,
    })
      .on('error', fail)
      .resume();
  const step = (run: (done: (error?: Error | null) => void) => void) =>
    new Promise<void>(resolve => {
      resume = resolve;
      if (failure !== null) resolve();
      else run(error => (error ? fail(error) : resolve()));
    });
  const batch = (): SourceBatch => {
    const taken = rows;
    rows = [];
    return { firstRow: row - taken.length + 1, rows: taken };
  };

  try {
    for await (const whole of pieces) {
      const piece = parser === null ? withoutBom(whole) : whole;
      const target: Parser = parser ?? open(piece);
      parser = target;
      await step(done => target.write(piece, done));
      if (rows.length > 0) yield batch();
      if (failure !== null) throw explain(failure, row);
    }
    const target = parser;
    if (target !== null) await step(done => target.once('end', done).end());
    if (rows.length > 0) yield batch();
    if (failure !== null) throw explain(failure, row);
  } finally {
    parser?.destroy();
  }
}

/** LF and CRLF, also mixed, as in files put together; CR where the beginning has no other and goes on after it. */
function lineEnds(first: Buffer): string[] {
  const at = first.indexOf('\r');
  return at >= 0 && at < first.length - 1 && !first.includes('\n') ? ['\r'] : ['\r\n', '\n'];
}

function decodeHeader(cell: string): string {
  const text = decodeCell(cell);
  if (text === null) throw new CsvFormatError(`the header is not UTF-8 (column ${JSON.stringify(cell)})`);
  return text.trim();
}

function checkHeader(columns: readonly string[]): void {
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined) {
    throw new CsvFormatError(
      twice === ''
        ? 'the header has several columns without a name: name them'
        : `the header has the column ${JSON.stringify(twice)} twice: rename one`,
    );
  }
}

const notAscii = /[\x80-\xff]/;

function decodeCell(cell: string): string | null {
  if (!notAscii.test(cell)) return cell;
  const bytes = Buffer.from(cell, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}

function decodeRow(cells: string[], columns: number): SourceRow {
  if (cells.length !== columns) return asBytes(cells);
  const decoded: string[] = new Array(columns);
  for (let i = 0; i < columns; i++) {
    const text = decodeCell(cells[i]!);
    if (text === null) return asBytes(cells);
    decoded[i] = text;
  }
  return decoded;
}

/**
 * The row as it stood, but for the choice of which cells are quoted, and in one line: a record of several lines is
 * several events.
 */
const asBytes = (cells: readonly string[]): Buffer =>
  Buffer.from(
    cells
      .map(cell =>
        /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""').replace(/\r?\n|\r/g, ' ')}"` : cell,
      )
      .join(','),
    'latin1',
  );

function explain(error: Error, row: number): Error {
  if (!(error instanceof CsvError)) return error;
  if (error.code === 'CSV_MAX_RECORD_SIZE') return new RowTooLongError(row + 1);
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    return new CsvFormatError(`a quoted cell in row ${row + 1} is never closed`, { cause: error });
  }
  return new CsvFormatError(`row ${row + 1}: ${error.message}`, { cause: error });
}
