/**
 * Where events are read from when they are not produced straight into the log: files, for now. A source is read in
 * order, row by row, and can be taken up again after any row.
 */
export interface Source {
  /** As the user named it; for messages. */
  readonly name: string;
  /** The same for the same file in every run; checkpoints are kept under it. */
  readonly id: string;
  readonly format: SourceFormat;
  /** The names of a table's columns, in order; null where each row is an event's own text. */
  readonly columns: readonly string[] | null;
  /**
   * How many rows of this source the checkpoint says are done: 0 where there is none, or where it speaks of a file
   * that has since been replaced by another. Rows added at the end keep a file what it was; a last row that was
   * still being written then is not done.
   */
  rowsDone(checkpoint: string | null): Promise<number>;
  /** What to store once rows 1 … `rows` are done. */
  checkpoint(rows: number): string;
  /** The rows after the first `skip`. Throws a SourceError when it cannot go on; what it yielded before stands. */
  batches(skip: number): AsyncIterable<SourceBatch>;
  /** How far reading has come, in a unit of its own (bytes, rows); `total` is 0 while it is not known. */
  progress(): { readonly done: number; readonly total: number };
  close(): Promise<void>;
}

export const sourceFormats = ['ndjson', 'csv', 'parquet'] as const;
export type SourceFormat = (typeof sourceFormats)[number];

export interface SourceBatch {
  /** The number of the first row; a source's rows count from 1, headers and blank lines not counted. */
  readonly firstRow: number;
  readonly rows: readonly SourceRow[];
}

/**
 * Bytes are passed on as an event as they stand: a line of NDJSON, or a row that cannot be read as a row of its
 * table and is to be quarantined. Cells stand in the order of `columns`; a cell is null, a string, boolean, number
 * or bigint, a Date, or an array or plain object of these. Text is text: it is typed by the stream's schema.
 */
export type SourceRow = Uint8Array | readonly unknown[];
