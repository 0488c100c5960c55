import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { LogAppend } from '../../runtime/ports.ts';
import {
  enqueue,
  type Lanes,
  nextSend,
  type Parcel,
  type PendingEvent,
  parcelsOf,
  redistribute,
  takeOverdue,
} from './lanes.ts';
import type { EventOutcome } from './outcome.ts';
import { pack } from './pack.ts';
import { failureOf, isFailure, type PutFailure, type PutResult, putRecords } from './put-records.ts';
import { hashKeyOf, loadShardMap, type ShardMap } from './shard-map.ts';

export interface KinesisProducer {
  /** An outcome for each event, in their order, when all are settled. Never rejects. */
  append(events: readonly Pick<LogAppend, 'partitionKey' | 'data'>[]): Promise<readonly EventOutcome[]>;
  /** Bytes of events that are not settled: whoever can refuse work looks here. */
  pendingBytes(): number;
}

export interface KinesisProducerOptions {
  readonly client: KinesisClient;
  readonly streamName: string;
  /** How long (ms) an event is tried before it fails; an attempt that began in time is waited for. */
  readonly timeoutMs?: number;
  /** How long (ms) the first event of a record waits for others. While a request is on its way they gather anyway. */
  readonly lingerMs?: number;
  /** Events are packed into records of up to so many bytes. */
  readonly recordBytes?: number;
  /** What is taken up at once; further calls wait their turn. A larger call is taken up alone. */
  readonly maxPendingBytes?: number;
  /** The wait (ms) after a failure: drawn between 0 and this, which each failure doubles, up to a hundredfold. */
  readonly backoffMs?: number;
  /** How long (ms) one request may take. */
  readonly requestMs?: number;
  /** Told of each request, answered or not. */
  readonly observe?: (request: PutObservation) => void;
}

export interface PutObservation {
  readonly records: number;
  readonly events: number;
  readonly bytes: number;
  /** Of the records. */
  readonly throttled: number;
  readonly failed: number;
  readonly milliseconds: number;
}

/**
 * Puts events to a Kinesis stream, small ones packed into one record, one a line: Kinesis bills each record rounded up
 * to 1 KB. A record holds events of one shard only. One request is on its way at a time, with one record of a shard at
 * most, for Kinesis promises no order among the records of a request: so the events of a key come in the order in which
 * they were given, whatever is tried again, as long as the stream keeps its shards.
 *
 * What failed is tried again, with what has gathered meanwhile, after a wait with jitter, until the events' time is
 * over. What Kinesis may have stored although it did not say so comes twice; an event id tells such copies.
 */
export function createKinesisProducer(options: KinesisProducerOptions): KinesisProducer {
  const { client, streamName, timeoutMs = 30_000, maxPendingBytes = 16 << 20 } = options;
  const { backoffMs = 50, requestMs = 5_000, observe } = options;
  const packing = { recordBytes: options.recordBytes ?? 65_536, lingerMs: options.lingerMs ?? 0 };

  const map = { of: null as ShardMap | null, isStale: true, failures: 0, notBefore: 0, failure: notAsked };
  /** Calls whose events have no place in a lane yet. */
  const waiting: PendingEvent[][] = [];
  let lanes: Lanes = new Map();
  let unsettled = 0;
  let unsettledBytes = 0;
  let waitingBytes = 0;
  let isRunning = false;
  let wake = (): void => {};

  async function run(): Promise<void> {
    // All that is given in one turn is packed together.
    await nextTurn();
    for (;;) {
      failOverdue();
      if (unsettled === 0) break;
      if (map.isStale && performance.now() >= map.notBefore) await loadMap();
      if (map.of === null) {
        await idle(map.notBefore);
        continue;
      }
      admit(map.of);
      const parcels = parcelsOf(lanes, performance.now(), packing);
      if (parcels.length > 0) await send(parcels);
      else await idle(nextSend(lanes, packing));
    }
    isRunning = false;
  }

  function failOverdue(): void {
    const now = performance.now();
    for (const lane of lanes.values()) {
      for (const event of takeOverdue(lane.events, now)) fail(event, lane.lastFailure ?? map.failure);
    }
    while (waiting[0] !== undefined && waiting[0][0]!.deadline <= now) {
      for (const event of takeWaiting()) fail(event, map.of === null ? map.failure : noRoom);
    }
  }

  function takeWaiting(): readonly PendingEvent[] {
    const events = waiting.shift()!;
    waitingBytes -= bytesOf(events);
    return events;
  }

  async function loadMap(): Promise<void> {
    try {
      const fresh = await loadShardMap(client, { streamName, timeoutMs: requestMs });
      lanes = redistribute(lanes, fresh);
      Object.assign(map, { of: fresh, isStale: false, failures: 0, failure: notAsked });
      // A stream that is being split is not asked again for each record.
      map.notBefore = performance.now() + 20 * backoffMs;
    } catch (error) {
      map.failure = { ...failureOf(error as Error), uncertain: false };
      map.notBefore = performance.now() + backoff(map.failures++);
      if (map.of !== null || map.failure.failed !== 'refused') return;
      while (waiting.length > 0) for (const event of takeWaiting()) fail(event, map.failure);
    }
  }

  function admit(shards: ShardMap): void {
    while (waiting[0] !== undefined) {
      const admitted = unsettledBytes - waitingBytes;
      if (admitted > 0 && admitted + bytesOf(waiting[0]) > maxPendingBytes) return;
      enqueue(lanes, shards, takeWaiting());
    }
  }

  async function send(parcels: readonly Parcel[]): Promise<void> {
    const started = performance.now();
    const records = parcels.map(({ events }) => ({
      partitionKey: events[0]!.partitionKey,
      data: pack(events),
    }));
    const results = await putRecords(client, { streamName, records, timeoutMs: requestMs });
    for (const [i, parcel] of parcels.entries()) settle(parcel, results[i]!);
    observe?.({
      records: records.length,
      events: parcels.reduce((sum, { events }) => sum + events.length, 0),
      bytes: records.reduce((sum, { data }) => sum + data.length, 0),
      throttled: results.filter(r => isFailure(r) && r.failed === 'throttled').length,
      failed: results.filter(r => isFailure(r) && r.failed !== 'throttled').length,
      milliseconds: performance.now() - started,
    });
  }

  function settle({ lane, events }: Parcel, result: PutResult): void {
    if (isFailure(result)) {
      for (const event of events) event.uncertain ||= result.uncertain;
      lane.lastFailure = result;
      lane.notBefore = performance.now() + backoff(lane.failures++);
      if (result.failed !== 'refused') return;
      for (const event of lane.events.splice(0, events.length)) fail(event, result);
      return;
    }
    lane.events.splice(0, events.length);
    lane.failures = 0;
    lane.lastFailure = null;
    const { shard, sequence } = result;
    for (const [index, event] of events.entries()) {
      event.settle({ status: 'accepted', shard, sequence, index });
    }
    // The stream was split or merged.
    if (shard !== lane.shard) map.isStale = true;
  }

  function fail(event: PendingEvent, { failed: reason, message }: PutFailure): void {
    event.settle({ status: 'failed', reason, message, uncertain: event.uncertain });
  }

  const backoff = (failures: number): number =>
    Math.random() * Math.min(backoffMs * 2 ** failures, backoffMs * 100);

  /** Until then, or until there is more to do, or somebody's time is over. */
  async function idle(until: number): Promise<void> {
    const deadlines = [waiting[0]?.[0], ...[...lanes.values()].map(lane => lane.events[0])];
    const end = Math.min(until, ...deadlines.map(event => event?.deadline ?? Number.POSITIVE_INFINITY));
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, Math.max(1, end - performance.now()));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    append(events) {
      if (events.length === 0) return Promise.resolve([]);
      return new Promise(resolve => {
        const outcomes: EventOutcome[] = new Array(events.length);
        let left = events.length;
        const since = performance.now();
        const taken = events.map(({ partitionKey, data }, i): PendingEvent => {
          const key = keyFor(partitionKey);
          const settle = (outcome: EventOutcome): void => {
            unsettled--;
            unsettledBytes -= data.length;
            outcomes[i] = outcome;
            if (--left === 0) resolve(outcomes);
          };
          const hashKey = hashKeyOf(key);
          return {
            partitionKey: key,
            hashKey,
            data,
            deadline: since + timeoutMs,
            since,
            uncertain: false,
            settle,
          };
        });
        unsettled += taken.length;
        unsettledBytes += bytesOf(taken);
        const fitting = taken.filter(({ data }) => data.length <= maxDataBytes);
        for (const event of taken) if (event.data.length > maxDataBytes) event.settle(tooLarge(event.data));
        if (fitting.length === 0) return;
        waiting.push(fitting);
        waitingBytes += bytesOf(fitting);
        wake();
        if (isRunning) return;
        isRunning = true;
        void run();
      });
    },
    pendingBytes: () => unsettledBytes,
  };
}

/** A record may have 1 MiB, its partition key included. */
const maxDataBytes = (1 << 20) - 1024;

const tooLarge = ({ length }: Uint8Array): EventOutcome => ({
  status: 'failed',
  reason: 'too-large',
  message: `the event has ${length} bytes; a record of Kinesis takes ${maxDataBytes}`,
  uncertain: false,
});

const notAsked: PutFailure = {
  failed: 'unavailable',
  message: 'Kinesis was not asked in time',
  uncertain: false,
};
const noRoom: PutFailure = {
  failed: 'throttled',
  message: 'too many events wait for Kinesis: send fewer at once, or later',
  uncertain: false,
};

/**
 * Kinesis takes keys of 1 to 256 characters. Events without a key are bad ones: they are spread, so that a flood of
 * them holds no shard.
 */
function keyFor(partitionKey: string): string {
  if (partitionKey === '') return randomUUID();
  return partitionKey.length <= 256 ? partitionKey.toWellFormed() : hashKeyOf(partitionKey);
}

const bytesOf = (events: readonly PendingEvent[]): number =>
  events.reduce((sum, { data }) => sum + data.length, 0);
