import { expect, test } from 'vitest';
import { type Arrival, arrivalBytes, createFeed } from '../../features/feed/generator/index.ts';
import definitions from '../../features/feed/index.ts';
import type { LogRecord, StateStore } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { tableOf } from '../../lib/runtime/rows.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import { collect, type Subject } from './harness.ts';

const { plan, functions } = definitions;
const events = 10_000;
const batch = 500;

/** The feed's events through this store and through one in memory: every value of every entity is the same. */
export function feedParity(name: string, make: () => Promise<Subject<StateStore>>): void {
  test(`${name}: ${events} events of the feed give every entity the values that they give in memory`, async () => {
    const feed = createFeed({
      seed: 20_260_401,
      users: 120,
      items: 150,
      authors: 40,
      start: Date.UTC(2026, 3, 1, 12),
      eventsPerSecond: events / (36 * 3600),
    });
    const arrivals = Array.from({ length: events }, (): Arrival => feed.next().value);
    const asOf = arrivals.at(-1)!.arrivalTime + 1;
    const subject = await make();
    try {
      const wanted = await valuesThrough(createMemoryStateStore(), arrivals, asOf);
      await process(subject.adapter, arrivals, asOf);
      const found = await valuesIn(await subject.reopen(), arrivals, asOf);
      for (const [group, entities] of wanted) {
        expect(entities.length, group).toBeGreaterThan(10);
        expect(found.get(group), group).toEqual(entities);
      }
    } finally {
      await subject.dispose();
    }
  }, 120_000);
}

async function valuesThrough(store: StateStore, arrivals: readonly Arrival[], asOf: number) {
  await process(store, arrivals, asOf);
  return valuesIn(store, arrivals, asOf);
}

/** In two shards, by user, a batch of one after a batch of the other. */
async function process(store: StateStore, arrivals: readonly Arrival[], now: number): Promise<void> {
  const transform = createTransform({
    plan,
    functions,
    stream: 'interactions',
    incarnation: 'feed-1',
    store,
    quarantine: createMemoryQuarantine(),
    unapplied: createMemoryUnapplied(),
    clock: { now: () => now },
    // As small as on DynamoDB, so that rows spill.
    limits: { headBytes: 1024, runBytes: 64 * 1024 },
  });
  for (let from = 0; from < arrivals.length; from += batch) {
    const records = arrivals.slice(from, from + batch).map(
      (arrival, i): LogRecord => ({
        shard: String(arrival.event.user).length % 2 === 0 ? 'a' : 'b',
        sequence: from + i + 1,
        arrivalTime: arrival.arrivalTime,
        data: arrivalBytes(arrival),
      }),
    );
    for (const [shard, of] of Map.groupBy(records, record => record.shard)) {
      expect(await transform({ shard, records: of })).toMatchObject({ failures: [], error: null });
    }
  }
}

/** By group: how many rows there are, and what every entity of the feed has. */
async function valuesIn(store: StateStore, arrivals: readonly Arrival[], asOf: number) {
  const reader = createReader({ plan, functions, store, clock: { now: () => asOf } });
  const values = new Map<string, unknown[]>();
  for (const group of plan.groups) {
    const { keys } = plan.entities.find(e => e.name === group.entity)!;
    const asked = new Map(
      arrivals
        .filter(({ kind }) => kind !== 'bad')
        .map(({ event }) => {
          const key = keys.map(({ name }) => [name, event[name as keyof typeof event]] as const);
          return [JSON.stringify(key), Object.fromEntries(key)];
        }),
    );
    const rows = (await collect(store.scan(tableOf(group)))).sort();
    const { entities } = await reader.readGroup(group.name, [...asked.values()], { asOf });
    expect(entities.filter(({ status }) => status === 'failed')).toEqual([]);
    values.set(group.name, [...rows, ...entities]);
  }
  return values;
}
