import { isDeepStrictEqual } from 'node:util';
import {
  type Arrival,
  arrivalBytes,
  createFeed,
  type FeedOptions,
} from '../../features/feed/generator/index.ts';
import definitions from '../../features/feed/index.ts';
import type { LogRecord, StateStore } from '../../lib/runtime/ports.ts';
import { createReader, type EntityResult } from '../../lib/runtime/read.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { addCounts, noCounts, type TransformCounts } from '../../lib/runtime/transform-result.ts';
import { createMemoryQuarantine } from './memory-quarantine.ts';
import { createMemoryUnapplied } from './memory-unapplied.ts';

/* The feed's events, through any store, and what they make of every entity. */

const { plan, functions } = definitions;

/** Events of a small feed over a day and a half, with more of each fault than is usual. */
export function feedArrivals(count: number, options: Partial<FeedOptions> = {}): readonly Arrival[] {
  const feed = createFeed({
    seed: 20_260_401,
    users: 120,
    items: 150,
    authors: 40,
    start: Date.UTC(2026, 3, 1, 12),
    eventsPerSecond: count / (36 * 3600),
    rates: {
      copy: 0.03,
      bad: {
        'not-json': 0.002,
        'bad-encoding': 0.001,
        'too-large': 0.0003,
        schema: 0.002,
        'no-key': 0.002,
        'too-old': 0.001,
        late: 0.002,
        future: 0.002,
      },
    },
    ...options,
  });
  return Array.from({ length: count }, () => feed.next().value);
}

/** The same events whenever it is, moved so that the last of them arrives at this time. */
export function feedArrivalsUntil(time: number, count: number): readonly Arrival[] {
  const arrivals = feedArrivals(count);
  const later = time - arrivals.at(-1)!.arrivalTime;
  return arrivals.map(({ event, arrivalTime, ...rest }) => ({
    ...rest,
    arrivalTime: arrivalTime + later,
    event: { ...event, ts: event.ts + later },
  }));
}

/** The arrivals as records of two shards, by user. */
export const feedRecords = (arrivals: readonly Arrival[]): readonly LogRecord[] =>
  arrivals.map((arrival, i) => ({
    shard: String(arrival.event.user).length % 2 === 0 ? 'a' : 'b',
    sequence: i + 1,
    arrivalTime: arrival.arrivalTime,
    data: arrivalBytes(arrival),
  }));

/** Processes records, a batch of one shard after a batch of another; throws where one is not settled. */
export async function processFeed(
  store: StateStore,
  records: readonly LogRecord[],
  batchRecords = 500,
): Promise<TransformCounts> {
  const last = records.at(-1)!.arrivalTime;
  const transform = createTransform({
    plan,
    functions,
    stream: 'interactions',
    incarnation: 'feed-1',
    store,
    quarantine: createMemoryQuarantine(),
    unapplied: createMemoryUnapplied(),
    clock: { now: () => last + 1 },
    // As small as on DynamoDB, so that rows spill.
    limits: { headBytes: 960, runBytes: 64 * 1024 },
  });
  let counts = noCounts;
  for (let from = 0; from < records.length; from += batchRecords) {
    const batch = records.slice(from, from + batchRecords);
    for (const [shard, of] of Map.groupBy(batch, record => record.shard)) {
      const result = await transform({ shard, records: of });
      if (result.failures.length > 0) throw result.error ?? new Error(`shard ${shard}: not settled`);
      counts = addCounts(counts, result);
    }
  }
  return counts;
}

/** What is known of each entity, under `GROUP KEY`. */
export type FeedValues = ReadonlyMap<string, EntityResult>;

/** The values at one time of all entities that the arrivals speak of. Throws where one cannot be read. */
export async function feedValues(
  store: StateStore,
  arrivals: readonly Arrival[],
  asOf: number,
): Promise<FeedValues> {
  const reader = createReader({ plan, functions, store, clock: { now: () => asOf } });
  const values = new Map<string, EntityResult>();
  for (const { name, entity } of plan.groups) {
    const { keys } = plan.entities.find(e => e.name === entity)!;
    const asked = new Map<string, Readonly<Record<string, unknown>>>();
    for (const { kind, event } of arrivals) {
      if (kind === 'bad') continue;
      const key = Object.fromEntries(keys.map(({ name }) => [name, event[name as keyof typeof event]]));
      asked.set(Object.values(key).join('/'), key);
    }
    const { entities } = await reader.readGroup(name, [...asked.values()], { asOf });
    for (const [i, key] of [...asked.keys()].entries()) {
      const found = entities[i]!;
      if (found.status === 'failed') throw new Error(`${name} ${key}: ${found.error}`);
      values.set(`${name} ${key}`, found);
    }
  }
  return values;
}

/**
 * Where two findings differ, feature by feature. Floats may differ by `tolerance` of their size: where batches were cut
 * differently, sums were added up in another order.
 */
export function differences(wanted: FeedValues, found: FeedValues, tolerance = 0): string[] {
  const lines: string[] = [];
  for (const entity of new Set([...wanted.keys(), ...found.keys()])) {
    const [a, b] = [wanted.get(entity), found.get(entity)];
    if (a === undefined || b === undefined || a.status !== b.status) {
      lines.push(`${entity}: ${a?.status ?? 'not there'}, found ${b?.status ?? 'not there'}`);
      continue;
    }
    if (!isDeepStrictEqual(a.flags, b.flags) || a.lacks !== b.lacks) lines.push(`${entity}: flags`);
    for (const feature of new Set([...Object.keys(a.values), ...Object.keys(b.values)])) {
      const [x, y] = [a.values[feature], b.values[feature]];
      if (!isAlike(x, y, tolerance)) lines.push(`${entity} ${feature}: ${show(x)}, found ${show(y)}`);
    }
  }
  return lines;
}

function isAlike(a: unknown, b: unknown, tolerance: number): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return Object.is(a, b) || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return isDeepStrictEqual(a, b);
  const [x, y] = [Object.entries(a), Object.entries(b)];
  return (
    x.length === y.length &&
    x.every(([name, value], i) => name === y[i]![0] && isAlike(value, y[i]![1], tolerance))
  );
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? `${member}n` : member));
