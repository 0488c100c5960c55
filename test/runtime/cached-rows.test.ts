import { beforeEach, describe, expect, test } from 'vitest';
import { cachedReads, publishingWrites } from '../../lib/runtime/cached-rows.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { RowWrite, StateStore, WriteOutcome } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { bytes, text } from '../conformance/harness.ts';
import { createMemoryRowCache, type MemoryRowCache } from '../support/memory-row-cache.ts';
import {
  createMemory,
  createMemoryStateStore,
  type MemoryStateStore,
} from '../support/memory-state-store.ts';
import { createWorld, record, settled, userPlays } from '../support/plays.ts';

const boundMs = 10_000;
let time: number;
let memory: ReturnType<typeof createMemory>;
let store: MemoryStateStore;
let cache: MemoryRowCache;
const clock = { now: () => time };

beforeEach(() => {
  time = 1_000_000;
  memory = createMemory();
  store = createMemoryStateStore({}, memory);
  cache = createMemoryRowCache(boundMs, clock.now);
});

const row = (key: string, expected: number, version: number): RowWrite => ({
  key,
  expected,
  version,
  bytes: bytes(`${key}@${version}`),
});
const shown = (rows: Awaited<ReturnType<StateStore['read']>>) =>
  rows.map(found => (found === null ? null : text(found.bytes)));
const cached = async (...keys: string[]) =>
  (await cache.read('t', keys)).map(found => found && text(found.bytes));

describe('reading', () => {
  test('asks the store for what the cache does not have, once', async () => {
    await store.write('t', [row('a', 0, 1), row('c', 0, 3)]);
    const reads = cachedReads(store, cache, clock);
    expect(shown(await reads.read('t', ['a', 'b', 'c']))).toEqual(['a@1', null, 'c@3']);
    expect(shown(await reads.read('t', ['c', 'b', 'a']))).toEqual(['c@3', null, 'a@1']);
    expect(store.counts).toMatchObject({ reads: 1, rowsRead: 3 });
    await store.write('t', [row('d', 0, 4)]);
    expect(shown(await reads.read('t', ['d', 'a']))).toEqual(['d@4', 'a@1']);
    expect(store.counts).toMatchObject({ reads: 2, rowsRead: 4 });
  });

  test('gives what was stored no longer ago than the bound', async () => {
    const reads = cachedReads(store, cache, clock);
    await store.write('t', [row('a', 0, 1)]);
    await reads.read('t', ['a']);
    // By somebody who does not publish.
    await store.write('t', [row('a', 1, 2)]);
    time += boundMs - 1;
    expect(shown(await reads.read('t', ['a']))).toEqual(['a@1']);
    time += 1;
    expect(shown(await reads.read('t', ['a']))).toEqual(['a@2']);
  });

  test('counts the bound from before the store was asked, however long that took', async () => {
    await store.write('t', [row('a', 0, 1)]);
    const slow: StateStore = {
      ...store,
      async read(table, keys) {
        const rows = await store.read(table, keys);
        time += boundMs;
        return rows;
      },
    };
    expect(shown(await cachedReads(slow, cache, clock).read('t', ['a']))).toEqual(['a@1']);
    expect(await cached('a')).toEqual([undefined]);
  });

  test('fails as the store fails, and caches nothing of it', async () => {
    const failing = createMemoryStateStore(
      {
        before() {
          throw new StoreError('throttled', 'too much');
        },
      },
      memory,
    );
    await expect(cachedReads(failing, cache, clock).read('t', ['a'])).rejects.toThrow('too much');
    expect(await cached('a')).toEqual([undefined]);
  });

  test('goes on without the cache', async () => {
    await store.write('t', [row('a', 0, 1)]);
    cache.isDown = true;
    const reads = cachedReads(store, cache, clock);
    for (let i = 0; i < 3; i++) expect(shown(await reads.read('t', ['a', 'b']))).toEqual(['a@1', null]);
    expect(store.counts.reads).toBe(3);
  });
});

describe('writing', () => {
  test('shows readers what was written, and nothing else', async () => {
    const outcomes: Record<string, Exclude<WriteOutcome, 'written'>> = { b: 'failed', c: 'throttled' };
    const faulty = createMemoryStateStore({ fault: (_, { key }) => outcomes[key] ?? null }, memory);
    await store.write('t', [row('d', 0, 7)]);
    const writes = publishingWrites(faulty, cache, clock);
    expect(await writes.write('t', [row('a', 0, 1), row('b', 0, 1), row('c', 0, 1), row('d', 0, 8)])).toEqual(
      ['written', 'failed', 'throttled', 'conflict'],
    );
    expect(await cached('a', 'b', 'c', 'd')).toEqual(['a@1', undefined, undefined, undefined]);
  });

  test('a reader that was overtaken does not put the older row back', async () => {
    await store.write('t', [row('a', 0, 1)]);
    const writes = publishingWrites(store, cache, clock);
    const overtaken: StateStore = {
      ...store,
      async read(table, keys) {
        const rows = await store.read(table, keys);
        await writes.write('t', [row('a', 1, 2)]);
        return rows;
      },
    };
    expect(shown(await cachedReads(overtaken, cache, clock).read('t', ['a']))).toEqual(['a@1']);
    expect(await cached('a')).toEqual(['a@2']);
  });

  test('leaves out tables that nobody reads', async () => {
    const writes = publishingWrites(store, cache, clock, new Set(['t2']));
    await writes.write('t', [row('a', 0, 1)]);
    await writes.republish!('t', [{ key: 'a', row: { version: 1, bytes: bytes('a@1') } }], time);
    expect(await cached('a')).toEqual([undefined]);
    await writes.write('t2', [row('a', 0, 1)]);
    expect((await cache.read('t2', ['a']))[0]?.version).toBe(1);
  });
});

describe('a transform over it', () => {
  /** A reader that sees the cache alone: what the store has and the cache has not, it takes for unknown. */
  const readerOfCache = (world: ReturnType<typeof createWorld>) =>
    createReader({
      plan: world.plan,
      store: cachedReads(createMemoryStateStore(), cache, clock),
      clock,
    });
  const plays = async (world: ReturnType<typeof createWorld>) =>
    (await readerOfCache(world).readGroup('user_plays', [{ user: 'u1' }])).entities[0]!.values.plays_lifetime;

  test('shows each batch to readers', async () => {
    const world = createWorld({ groups: [userPlays] });
    const transform = world.newTransform(publishingWrites(world.store, cache, clock));
    await transform({ shard: 'a', records: [record(1), record(2)] });
    expect(await plays(world)).toBe(2);
    await transform({ shard: 'a', records: [record(3)] });
    expect(await plays(world)).toBe(3);
  });

  test('shows what an attempt wrote that ended before it could', async () => {
    const world = createWorld({ groups: [userPlays] });
    const batch = { shard: 'a', records: [record(1), record(2)] };
    const dying = world.newTransform({
      ...world.store,
      async write(table, writes) {
        await world.store.write(table, writes);
        throw new Error('died after the write');
      },
    });
    await expect(dying(batch)).rejects.toThrow('died');
    expect(await plays(world)).toBe(0);
    cache.clear();
    const retried = await world.newTransform(publishingWrites(world.store, cache, clock))(batch);
    expect(retried).toMatchObject({ failures: settled.failures, error: null });
    expect(await plays(world)).toBe(2);
  });

  test('shows what a write wrote whose answer was lost', async () => {
    let lost = 0;
    const world = createWorld({
      groups: [userPlays],
      fault: () => (lost++ === 0 ? 'failed after writing' : null),
    });
    const transform = world.newTransform(publishingWrites(world.faulty, cache, clock));
    await transform({ shard: 'a', records: [record(1)] });
    expect(lost).toBe(1);
    expect(await plays(world)).toBe(1);
  });
});
