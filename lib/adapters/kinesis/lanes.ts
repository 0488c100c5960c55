import type { EventOutcome } from './outcome.ts';
import { packable } from './pack.ts';
import type { PutFailure } from './put-records.ts';
import type { ShardMap } from './shard-map.ts';

/** An event on its way to the stream. */
export interface PendingEvent {
  readonly partitionKey: string;
  readonly hashKey: string;
  readonly data: Uint8Array;
  /** When its time is over, on the clock of `performance.now()`; never earlier than that of those before it. */
  readonly deadline: number;
  readonly since: number;
  /** An attempt may have stored it. */
  uncertain: boolean;
  readonly settle: (outcome: EventOutcome) => void;
}

/** The events that wait for one shard, in order. */
export interface Lane {
  readonly shard: string;
  events: PendingEvent[];
  /** After a failure nothing is sent before. */
  notBefore: number;
  failures: number;
  lastFailure: PutFailure | null;
}

/** The first events of a lane, as one record. */
export interface Parcel {
  readonly lane: Lane;
  readonly events: readonly PendingEvent[];
}

export type Lanes = Map<string, Lane>;

export interface PackOptions {
  readonly recordBytes: number;
  readonly lingerMs: number;
}

/** Puts events behind those that wait for their shards. */
export function enqueue(lanes: Lanes, map: ShardMap, events: readonly PendingEvent[]): void {
  for (const event of events) {
    const shard = map(event.hashKey);
    const lane = lanes.get(shard);
    if (lane !== undefined) lane.events.push(event);
    else lanes.set(shard, { shard, events: [event], notBefore: 0, failures: 0, lastFailure: null });
  }
}

/** The same events by the shards as they are now. Events of a key keep their order: one lane had them all. */
export function redistribute(lanes: Lanes, map: ShardMap): Lanes {
  const others: Lanes = new Map();
  for (const { events } of lanes.values()) enqueue(others, map, events);
  return others;
}

/** A record of each lane that may send now, within what a request may have. */
export function parcelsOf(lanes: Lanes, now: number, { recordBytes, lingerMs }: PackOptions): Parcel[] {
  const parcels: Parcel[] = [];
  let bytes = 0;
  for (const lane of fairly(lanes)) {
    if (lane.events.length === 0 || now < lane.notBefore) continue;
    const count = packable(lane.events, recordBytes);
    const isFull = count < lane.events.length;
    if (!isFull && now < lane.events[0]!.since + lingerMs) continue;
    const events = lane.events.slice(0, count);
    const size = events.reduce((sum, { data }) => sum + data.length + 1, maxKeyBytes);
    if (parcels.length === maxRecords || (parcels.length > 0 && bytes + size > maxRequestBytes)) break;
    bytes += size;
    parcels.push({ lane, events });
  }
  return parcels;
}

/** When the next lane may send; Infinity where none has anything. */
export function nextSend(lanes: Lanes, { lingerMs }: PackOptions): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { events, notBefore } of lanes.values()) {
    const [first] = events;
    if (first !== undefined) next = Math.min(next, Math.max(notBefore, first.since + lingerMs));
  }
  return next;
}

/** Takes out the events at the front whose time is over. */
export function takeOverdue(events: PendingEvent[], now: number): PendingEvent[] {
  const kept = events.findIndex(({ deadline }) => deadline > now);
  return events.splice(0, kept < 0 ? events.length : kept);
}

/** What Kinesis takes in one PutRecords; older regions' limits, which the newer (10 MiB) include. */
const maxRecords = 500;
const maxRequestBytes = 5 << 20;
const maxKeyBytes = 4 * 256;

/** Those that wait longest first, so that none is left out for good where they do not fit into one request. */
const fairly = (lanes: Lanes): Lane[] =>
  [...lanes.values()].sort((a, b) => (a.events[0]?.since ?? 0) - (b.events[0]?.since ?? 0));
