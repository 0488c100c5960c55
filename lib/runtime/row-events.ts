import { compareInShard, type GroupKernel, type KeyEncoder, type StreamEvent } from '../kernel/index.ts';
import type { ShardPosition } from './ports.ts';
import type { EventRecord } from './unpack-records.ts';

/** An event of a batch with its place in the shard. */
export interface PlacedEvent {
  readonly event: StreamEvent;
  readonly sequence: number | bigint;
  readonly index: number;
  readonly record: EventRecord;
  /** Its record ended the process that folded it, again and again: it is not folded any more. */
  readonly endsProcess: boolean;
  /** Whether it counts; false until the home row has said so, where the stream drops duplicates. */
  counts: boolean;
  /** What the home row says of it, until that row is written. */
  verdict: boolean;
}

/** The events of a batch that are for one row, in the shard's order; there is at least one. */
export interface RowEvents {
  readonly key: string;
  readonly events: readonly PlacedEvent[];
}

/** Which events a group takes: those that may count and that some slot takes. */
export interface Taken {
  readonly kernel: GroupKernel;
  /** What is not below it does not count. */
  readonly end: ShardPosition | null;
}

/** Whether an event counts, as far as it is known, and is below `end`, where there is one. */
export const mayCount = (placed: PlacedEvent, end: ShardPosition | null): boolean =>
  placed.counts && (end === null || compareInShard(placed, end) < 0);

function isTaken(placed: PlacedEvent, { kernel, end }: Taken): boolean {
  const { event } = placed;
  if (!mayCount(placed, end) || event.time < kernel.earliestVisible(event.arrivalTime)) return false;
  // What the definitions compute of an event that ends the process is not computed.
  return placed.endsProcess || kernel.takes(event);
}

/** By row, the events that have a key: all, or those that are taken. */
export function byKey(
  keyOf: KeyEncoder,
  events: readonly PlacedEvent[],
  taken: Taken | null = null,
): RowEvents[] {
  const rows: RowEvents[] = [];
  const lists = new Map<string, PlacedEvent[]>();
  for (const placed of events) {
    if (taken !== null && !isTaken(placed, taken)) continue;
    const key = keyOf(placed.event.values);
    if (key === null) continue;
    const list = lists.get(key);
    if (list === undefined) {
      const first = [placed];
      lists.set(key, first);
      rows.push({ key, events: first });
    } else {
      list.push(placed);
    }
  }
  return rows;
}

/** The same of events that are sorted by row already. */
export function onlyTaken(rows: readonly RowEvents[], which: Taken): RowEvents[] {
  const some: RowEvents[] = [];
  for (const row of rows) {
    const { key, events } = row;
    let taken = 0;
    while (taken < events.length && isTaken(events[taken] as PlacedEvent, which)) taken++;
    if (taken === events.length) {
      some.push(row);
      continue;
    }
    const list = events.slice(0, taken);
    for (let i = taken + 1; i < events.length; i++) {
      const placed = events[i] as PlacedEvent;
      if (isTaken(placed, which)) list.push(placed);
    }
    if (list.length > 0) some.push({ key, events: list });
  }
  return some;
}
