import { isAscii, isUtf8 } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { isAggregated } from './aggregated-record.ts';
import type { QuarantineReason } from './ports.ts';
import type { EventRecord } from './unpack-records.ts';

/** What the records of a batch say: `json[i]` is the value of the i-th, unless it has a failure. */
export interface ParsedBatch {
  readonly json: readonly unknown[];
  readonly failures: ReadonlyMap<number, ParseFailure>;
}

export interface ParseFailure {
  readonly reason: QuarantineReason;
  readonly detail: string;
}

/** Larger events are set aside unread: no stream takes them on AWS either, and no feature needs them. */
export const largestEvent = 262_144;

/**
 * The events of records that hold one each (unpack-records.ts), in order.
 *
 * Parsing one long text is faster than many short ones, so all are joined into one JSON array first. Between
 * them goes a number drawn for this call: only if it comes out at every second place did each event's text end where
 * its bytes end, and no crafted text can have borrowed from its neighbour. If anything is amiss, each event is
 * parsed alone and the bad ones are named.
 */
export function parseRecords(records: readonly EventRecord[]): ParsedBatch {
  const json = parseTogether(records);
  return json === null ? parseOneByOne(records) : { json, failures: new Map() };
}

function parseTogether(records: readonly EventRecord[]): unknown[] | null {
  // A small integer, the cheapest value there is to parse.
  const mark = randomInt(100_000_000, 2 ** 30);
  const separator = Buffer.from(`,${mark},`);
  let length = 2 + separator.length * Math.max(0, records.length - 1);
  for (const { data } of records) {
    if (data.length > largestEvent) return null;
    length += data.length;
  }
  const all = Buffer.allocUnsafe(length);
  let at = all.write('[');
  for (let i = 0; i < records.length; i++) {
    if (i > 0) {
      all.set(separator, at);
      at += separator.length;
    }
    const { data } = records[i] as EventRecord;
    all.set(data, at);
    at += data.length;
  }
  all.write(']', at);
  const ascii = isAscii(all);
  if (!ascii && !isUtf8(all)) return null;
  let values: unknown[];
  try {
    values = JSON.parse(all.toString(ascii ? 'latin1' : 'utf8'));
  } catch {
    return null;
  }
  if (values.length !== Math.max(0, 2 * records.length - 1)) return null;
  for (let i = 1; i < values.length; i += 2) if (values[i] !== mark) return null;
  for (let i = 1; i < records.length; i++) values[i] = values[2 * i];
  values.length = records.length;
  return values;
}

function parseOneByOne(records: readonly EventRecord[]): ParsedBatch {
  const failures = new Map<number, ParseFailure>();
  const json = records.map(({ data }, i) => {
    const parsed = parseAlone(data);
    if (parsed.failure !== undefined) failures.set(i, parsed.failure);
    return parsed.json;
  });
  return { json, failures };
}

function parseAlone(data: Uint8Array): { readonly json?: unknown; readonly failure?: ParseFailure } {
  if (data.length > largestEvent) {
    const detail = `the event has ${data.length} bytes; at most ${largestEvent} are read`;
    return { failure: { reason: 'too-large', detail } };
  }
  if (!isUtf8(data)) return { failure: { reason: 'bad-encoding', detail: notText(data) } };
  const text = Buffer.from(data.buffer, data.byteOffset, data.length).toString('utf8');
  try {
    return { json: JSON.parse(text) };
  } catch (error) {
    return { failure: { reason: 'not-json', detail: (error as Error).message } };
  }
}

/** What the bytes seem to be instead. */
function notText(data: Uint8Array): string {
  if (isAggregated(data)) {
    return 'the record begins like one of the Kinesis Producer Library, and its checksum or content is broken';
  }
  if (data[0] === 0x1f && data[1] === 0x8b) return 'the record is compressed with gzip: send JSON as it is';
  return 'the event is not UTF-8 text';
}
