import { isAggregated } from '../../runtime/aggregated-record.ts';

/**
 * How many events, from the first on, go into the next record: their texts with a newline between stay within `bytes`.
 * The first always goes; one that is not a line of text goes alone, for others beside it would be counted wrong.
 */
export function packable(events: readonly { readonly data: Uint8Array }[], bytes: number): number {
  let total = -1;
  let count = 0;
  for (const { data } of events) {
    total += 1 + data.length;
    if (count > 0 && (total > bytes || !isLine(data))) break;
    count++;
    if (!isLine(data)) break;
  }
  return count;
}

/** A record's bytes: the events, one a line. */
export function pack(events: readonly { readonly data: Uint8Array }[]): Uint8Array {
  if (events.length === 1) return events[0]!.data;
  return Buffer.concat(events.flatMap(({ data }, i) => (i === 0 ? [data] : [separator, data])));
}

const newline = 10;
const separator = Buffer.of(newline);

/** Whether unpacking gives it back as one event: blank lines are none, and lines end at a newline. */
const isLine = (data: Uint8Array): boolean =>
  !data.includes(newline) && !isAggregated(data) && data.some(byte => byte > 32);
