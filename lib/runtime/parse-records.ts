import { isAscii, isUtf8 } from 'node:buffer';
import { randomInt } from 'node:crypto';
import type { LogRecord, QuarantineReason } from './ports.ts';

/** One event of a record: its JSON value, or why there is none. */
export interface ParsedEvent {
  readonly record: LogRecord;
  /** Its place within a packed record; 0 in one that holds a single event. */
  readonly index: number;
  readonly json: unknown;
  readonly failure: { readonly reason: QuarantineReason; readonly detail: string } | null;
  /** The event's own bytes. */
  readonly payload: Uint8Array;
}

/** Larger events are set aside unread: no stream takes them on AWS either, and no feature needs them. */
export const largestEvent = 262_144;

/**
 * The events of records, in order; a record may hold several, one a line.
 *
 * Parsing one long text is faster than many short ones, so all are joined into one JSON array first. Between
 * them goes a number drawn for this call: only if it comes out at every second place did each event's text end where
 * its bytes end, and no crafted text can have borrowed from its neighbour. If anything is amiss, each event is
 * parsed alone and the bad ones are named.
 */
export function parseRecords(records: readonly LogRecord[]): ParsedEvent[] {
  const pieces: Piece[] = [];
  for (const record of records) {
    if (record.data.includes(newline)) splitLines(record, pieces);
    else pieces.push({ record, index: 0, bytes: record.data });
  }
  const values = parseTogether(pieces);
  return values === null
    ? pieces.map(parseAlone)
    : pieces.map(({ record, index, bytes }, i) => ({
        record,
        index,
        json: values[2 * i],
        failure: null,
        payload: bytes,
      }));
}

interface Piece {
  readonly record: LogRecord;
  readonly index: number;
  readonly bytes: Uint8Array;
}

const newline = 10;

function splitLines(record: LogRecord, pieces: Piece[]): void {
  const { data } = record;
  let index = 0;
  for (let from = 0; from < data.length; ) {
    const found = data.indexOf(newline, from);
    const to = found < 0 ? data.length : found;
    const line = data.subarray(from, to);
    if (!isBlank(line)) pieces.push({ record, index: index++, bytes: line });
    from = to + 1;
  }
  if (index === 0) pieces.push({ record, index: 0, bytes: data });
}

const isBlank = (line: Uint8Array): boolean => line.every(b => b === 32 || b === 9 || b === 13);

function parseTogether(pieces: readonly Piece[]): unknown[] | null {
  const mark = randomInt(2 ** 31, 2 ** 47);
  const separator = Buffer.from(`,${mark},`);
  let length = 2 + separator.length * Math.max(0, pieces.length - 1);
  for (const { bytes } of pieces) {
    if (bytes.length > largestEvent) return null;
    length += bytes.length;
  }
  const all = Buffer.allocUnsafe(length);
  let at = all.write('[');
  for (const [i, { bytes }] of pieces.entries()) {
    if (i > 0) {
      all.set(separator, at);
      at += separator.length;
    }
    all.set(bytes, at);
    at += bytes.length;
  }
  all.write(']', at);
  if (!isUtf8(all)) return null;
  let values: unknown[];
  try {
    values = JSON.parse(isAscii(all) ? all.toString('latin1') : all.toString('utf8'));
  } catch {
    return null;
  }
  if (values.length !== Math.max(0, 2 * pieces.length - 1)) return null;
  for (let i = 1; i < values.length; i += 2) if (values[i] !== mark) return null;
  return values;
}

function parseAlone({ record, index, bytes }: Piece): ParsedEvent {
  const failed = (reason: QuarantineReason, detail: string): ParsedEvent => ({
    record,
    index,
    json: null,
    failure: { reason, detail },
    payload: bytes,
  });
  if (bytes.length > largestEvent) {
    return failed('too-large', `the event has ${bytes.length} bytes; at most ${largestEvent} are read`);
  }
  if (!isUtf8(bytes)) return failed('bad-encoding', 'the event is not UTF-8 text');
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');
  try {
    return { record, index, json: JSON.parse(text), failure: null, payload: bytes };
  } catch (error) {
    return failed('not-json', (error as Error).message);
  }
}
