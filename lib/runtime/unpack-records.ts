import { disaggregate, isAggregated } from './aggregated-record.ts';
import type { LogRecord } from './ports.ts';

/** The record of one event: as it came, or one of those that came in one record, with its place among them. */
export interface EventRecord extends LogRecord {
  readonly index?: number;
}

/**
 * A record for each event, in order. A record may hold several: one a line, or aggregated by the Kinesis Producer
 * Library, each of these again with one a line. Blank lines are none; but a record in which no event is found is
 * itself one, and a bad one, so that nothing vanishes. What is unpacked already stays as it is.
 */
export function unpackRecords(batch: readonly LogRecord[]): readonly EventRecord[] {
  return batch.some(isPacked) ? batch.flatMap(unpack) : batch;
}

const newline = 10;

const isPacked = ({ data }: LogRecord): boolean => data.includes(newline) || isAggregated(data);

function unpack(record: LogRecord): readonly EventRecord[] {
  const { data } = record;
  if (!isPacked(record)) return [record];
  const parts = isAggregated(data) ? disaggregate(data) : [data];
  if (parts === null) return [record];
  const events = parts.flatMap(linesOf);
  return events.map((event, index) => ({ ...record, data: event, index }));
}

/** At least one, so that blank text is an event, and a bad one. */
function linesOf(data: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < data.length; ) {
    const found = data.indexOf(newline, from);
    const to = found < 0 ? data.length : found;
    const line = data.subarray(from, to);
    if (!isBlank(line)) lines.push(line);
    from = to + 1;
  }
  return lines.length === 0 ? [data] : lines;
}

const isBlank = (line: Uint8Array): boolean => line.every(b => b === 32 || b === 9 || b === 13);
