import { createHash } from 'node:crypto';
import { dynamoRowLimits } from '../../adapters/dynamodb/tables.ts';
import {
  compileGroup,
  type FunctionRegistry,
  type GroupKernel,
  type Plan,
  type StreamEvent,
} from '../../kernel/index.ts';
import { createRecordDecoder, isBad } from '../../runtime/decode-records.ts';
import { MillraceError } from '../../runtime/errors.ts';
import type { LogRecord } from '../../runtime/ports.ts';
import { tableOf } from '../../runtime/rows.ts';
import { createTransform } from '../../runtime/transform.ts';
import { type Batching, rowGroupsOf } from './traffic.ts';
import { createUnitCountingStore } from './unit-counting-store.ts';

/** An event as it arrived, or would have. */
export interface SampleEvent {
  /** Epoch ms. */
  readonly arrivalTime: number;
  readonly partitionKey: string;
  readonly data: Uint8Array;
}

/** What a sample showed of a stream. */
export interface MeasuredTraffic {
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly bytesPerEvent: number;
  /** Of all events, those of the commonest partition key. */
  readonly hottestKeyShare: number;
  readonly groups: Readonly<Record<string, MeasuredGroup>>;
}

export interface MeasuredGroup {
  /** Of the stream's events, those that count in a row of the group. */
  readonly takenPerEvent: number;
  /** Rows of the group that are written for an event of the stream. */
  readonly writtenPerEvent: number;
  readonly writeUnitsPerRow: number;
  readonly readUnitsPerRow: number;
  /** A head and its runs, of the rows that the sample knows. */
  readonly bytesPerRow: number;
}

/** A sample says nothing, or too little. */
export class SampleError extends MillraceError {
  override readonly name = 'SampleError';
}

/**
 * What a stream's events, in the order of their arrival, do to rows: the transform itself folds them, in batches as
 * `batching` has it, into a store that counts units. The first half fills the rows; the second is measured.
 *
 * A sample is a stretch of all traffic, not a choice from it. Where another rate is expected than the sample's, it stands
 * for as many more, or fewer, entities of every kind: give as many shards as its own rate would have.
 *
 * Throws SampleError where there is no event that counts, or the sample is too short to have batches in both halves.
 */
export async function measureSample(options: {
  readonly plan: Plan;
  readonly functions: FunctionRegistry;
  readonly stream: string;
  readonly events: readonly SampleEvent[];
  readonly batching: Batching;
}): Promise<MeasuredTraffic> {
  const { plan, functions, events, batching } = options;
  const seconds = lengthOf(options);
  const middle = events[0]!.arrivalTime + seconds * 500;

  let now = 0;
  const store = createUnitCountingStore();
  const transform = createTransform({
    plan,
    functions,
    stream: options.stream,
    incarnation: 'sample',
    store,
    quarantine: nowhere,
    unapplied: nowhere,
    clock: { now: () => now },
    limits: dynamoRowLimits,
  });
  const takers = createTakers(options);
  let measured = 0;
  let isMeasuring = false;
  for (const batch of batchesOf(events, batching)) {
    if (!isMeasuring && batch.start >= middle) {
      isMeasuring = true;
      store.take();
    }
    now = batch.end;
    await transform(batch);
    if (!isMeasuring) continue;
    measured += batch.records.length;
    takers.count(batch.records);
  }
  if (measured === 0)
    throw new SampleError('the sample has no events in its second half: give some minutes of all traffic');

  const units = store.take();
  const sizes = store.sizes();
  const groups = takers.taken().map(({ group, taken }): [string, MeasuredGroup] => {
    const table = tableOf(group);
    const { units: write = 0, readUnits: read = 0, rows = 0 } = units.get(table) ?? {};
    const { rows: kept = 0, bytes = 0, runBytes = 0 } = sizes.get(table) ?? {};
    return [
      group.name,
      {
        takenPerEvent: taken / measured,
        writtenPerEvent: rows / measured,
        writeUnitsPerRow: rows === 0 ? 0 : write / rows,
        readUnitsPerRow: rows === 0 ? 0 : read / rows,
        bytesPerRow: kept === 0 ? 0 : (bytes + runBytes) / kept,
      },
    ];
  });
  return {
    events: events.length,
    eventsPerSecond: events.length / seconds,
    bytesPerEvent: events.reduce((sum, { data }) => sum + data.length, 0) / events.length,
    hottestKeyShare: hottestShareOf(events),
    groups: Object.fromEntries(groups),
  };
}

/** In seconds. */
function lengthOf({
  events,
  stream,
  batching: { batchSeconds },
}: Pick<Parameters<typeof measureSample>[0], 'events' | 'stream' | 'batching'>): number {
  if (events.length === 0) throw new SampleError(`the sample has no event of stream ${stream}`);
  const seconds = (events.at(-1)!.arrivalTime - events[0]!.arrivalTime) / 1000;
  if (seconds >= 4 * batchSeconds) return seconds;
  throw new SampleError(
    `the sample is ${seconds.toFixed(1)} s of events, where a batch is gathered for ${batchSeconds} s: ` +
      'give at least four batches, better some minutes of all traffic',
  );
}

interface Batch {
  readonly shard: string;
  readonly records: readonly LogRecord[];
  /** Of the window that it was gathered in, epoch ms. */
  readonly start: number;
  readonly end: number;
}

/** What each shard hands over, window after window. */
export function* batchesOf(
  events: readonly SampleEvent[],
  { shards, batchSeconds }: Batching,
): Generator<Batch> {
  const count = Math.max(1, Math.round(shards));
  const windowMs = batchSeconds * 1000;
  let start = events[0]!.arrivalTime;
  let sequence = 0n;
  let gathered = new Map<string, LogRecord[]>();
  function* handOver(): Generator<Batch> {
    for (const [shard, records] of gathered) yield { shard, records, start, end: start + windowMs };
    gathered = new Map();
  }
  for (const { arrivalTime, partitionKey, data } of events) {
    for (; arrivalTime >= start + windowMs; start += windowMs) yield* handOver();
    const shard = shardOf(partitionKey, count);
    const record = { shard, sequence: ++sequence, arrivalTime, data };
    const others = gathered.get(shard);
    if (others === undefined) gathered.set(shard, [record]);
    else others.push(record);
  }
  yield* handOver();
}

/** As Kinesis spreads keys over equal shards. */
const shardOf = (partitionKey: string, shards: number): string =>
  `shardId-${createHash('md5').update(partitionKey).digest().readUInt32BE() % shards}`;

/** Counts the events that each group takes. */
function createTakers({
  plan,
  functions,
  stream: name,
}: Pick<Parameters<typeof measureSample>[0], 'plan' | 'functions' | 'stream'>) {
  const stream = plan.streams.find(candidate => candidate.name === name);
  if (stream === undefined) throw new SampleError(`the definitions have no stream ${name}`);
  const decode = createRecordDecoder(stream);
  const groups = rowGroupsOf(plan, name).map(group => ({
    group,
    kernel: compileGroup(plan, group, functions),
    taken: 0,
  }));
  return {
    count(records: readonly LogRecord[]) {
      for (const event of decode(records).outcomes) {
        if (isBad(event)) continue;
        for (const one of groups) if (isTaken(one.kernel, event)) one.taken++;
      }
    },
    taken: () => groups,
  };
}

/** Rows that remember ids have no slots, and take every event. */
const isTaken = (kernel: GroupKernel, event: StreamEvent): boolean =>
  kernel.keyOf(event.values) !== null && (kernel.group.slots.length === 0 || kernel.takes(event));

function hottestShareOf(events: readonly SampleEvent[]): number {
  const counts = new Map<string, number>();
  let most = 0;
  for (const { partitionKey } of events) {
    const count = (counts.get(partitionKey) ?? 0) + 1;
    counts.set(partitionKey, count);
    most = Math.max(most, count);
  }
  return most / events.length;
}

const nowhere = { put: async () => {} };
