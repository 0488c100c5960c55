import type { KeyEncoder, StreamEvent } from '../kernel/index.ts';
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

/** By row, the events that have a key and that `takes` takes. */
export function byKey(
  keyOf: KeyEncoder,
  events: readonly PlacedEvent[],
  takes: (placed: PlacedEvent) => boolean,
): RowEvents[] {
  const rows: RowEvents[] = [];
  const lists = new Map<string, PlacedEvent[]>();
  for (const placed of events) {
    if (!takes(placed)) continue;
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
export function onlyTaken(rows: readonly RowEvents[], takes: (placed: PlacedEvent) => boolean): RowEvents[] {
  const some: RowEvents[] = [];
  for (const row of rows) {
    const { key, events } = row;
    let taken = 0;
    while (taken < events.length && takes(events[taken] as PlacedEvent)) taken++;
    if (taken === events.length) {
      some.push(row);
      continue;
    }
    const list = events.slice(0, taken);
    for (let i = taken + 1; i < events.length; i++) {
      const placed = events[i] as PlacedEvent;
      if (takes(placed)) list.push(placed);
    }
    if (list.length > 0) some.push({ key, events: list });
  }
  return some;
}
