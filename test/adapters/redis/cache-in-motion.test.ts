import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRedisRowCache } from '../../../lib/adapters/redis/row-cache.ts';
import { cachedReads, publishingWrites } from '../../../lib/runtime/cached-rows.ts';
import type { RowSource } from '../../../lib/runtime/deadline.ts';
import type { StateStore } from '../../../lib/runtime/ports.ts';
import { bytes, text } from '../../conformance/harness.ts';
import { createMemoryStateStore } from '../../support/memory-state-store.ts';
import { noRedis, type RedisServer, startRedis } from './server.ts';

/**
 * A store that writers and readers share, and the cache before it, in real time: publishers are held up for longer than
 * entries stand, so that rows expire and old ones come late. Each thing that should happen is counted, and must have.
 */

const boundMs = 40;
const keys = ['a', 'b', 'c'];
const content = (key: string, version: number) => `${key} as of ${version}`;
const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);

/** mulberry32 */
function randomNumbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Rows in a store, and when each version of them was replaced by the next. */
function createHistory() {
  const store = createMemoryStateStore();
  const replacedAt = new Map<string, number>();
  const versions = new Map<string, number>();
  return {
    store,
    replacedAt,
    async write(through: StateStore, key: string): Promise<void> {
      const expected = versions.get(key) ?? 0;
      const version = expected + 1;
      versions.set(key, version);
      const outcomes = await through.write('t', [
        { key, expected, version, bytes: bytes(content(key, version)) },
      ]);
      expect(outcomes).toEqual(['written']);
    },
    /** The store, noting when rows are replaced: after that no read gives the older one. */
    noted(slowness: () => number = () => 0): StateStore {
      return {
        ...store,
        async write(table, writes) {
          await pause(slowness());
          const outcomes = await store.write(table, writes);
          for (const { key, expected } of writes) replacedAt.set(`${key} ${expected}`, Date.now());
          return outcomes;
        },
      };
    },
  };
}

/** One reader of all keys; throws for a value that was never there, and for one that is older than the bound. */
async function watch(
  reads: RowSource,
  { replacedAt }: ReturnType<typeof createHistory>,
  isOver: () => boolean,
  see: (key: string, version: number) => void,
): Promise<void> {
  while (!isOver()) {
    const asked = Date.now();
    const rows = await reads.read('t', keys);
    for (const [i, key] of keys.entries()) {
      const version = rows[i]?.version ?? 0;
      if (rows[i] !== null) expect(text(rows[i]!.bytes), `seed ${seed}`).toBe(content(key, version));
      const replaced = replacedAt.get(`${key} ${version}`) ?? Number.POSITIVE_INFINITY;
      // Clocks have whole milliseconds, at three places.
      expect(replaced, `seed ${seed}: ${key} at ${version}, ms since it was replaced`).toBeGreaterThanOrEqual(
        asked - boundMs - 3,
      );
      see(key, version);
    }
    await pause(1);
  }
}

describe('a cache in motion', () => {
  if (noRedis !== undefined) {
    test('all of it', context => context.skip(true, noRedis));
    return;
  }
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.dispose());

  test('what it gives is never older than the bound, never older than what it gave, and never wrong', async () => {
    const random = randomNumbers(seed);
    const history = createHistory();
    const client = await server.connect();
    const patience = { readWithinMs: 10_000, publishWithinMs: 10_000 };
    const cache = createRedisRowCache({ client, boundMs, ...patience });
    const late: Promise<void>[] = [];
    /** Publications on their way for now and then longer than an entry stands. Nobody waits for them. */
    const held = {
      ...cache,
      async publish(...publication: Parameters<typeof cache.publish>) {
        const way = pause(random() < 0.3 ? random() * 2 * boundMs : 0);
        late.push(way.then(() => cache.publish(...publication)));
      },
    };
    const slowness = (): number => (random() < 0.3 ? random() * 2 * boundMs : 0);
    const clock = { now: Date.now };
    const writes = publishingWrites(history.noted(slowness), held, clock);
    const reads = cachedReads(history.store, held, clock);

    let steps = 0;
    /** What must have happened; a busy machine needs longer for it. */
    const happened = () => {
      const { hits, misses, published, passedOver } = cache.counts;
      return { hits, misses, published, passedOver, steps };
    };
    const ends = Date.now() + 2_500;
    const isOver = (): boolean =>
      Date.now() >= ends && (Object.values(happened()).every(n => n > 0) || Date.now() >= ends + 10_000);
    const writer = async (key: string) => {
      while (!isOver()) {
        await history.write(writes, key);
        await pause(random() < 0.2 ? random() * 3 * boundMs : random() * 6);
      }
    };
    const latest = new Map<string, number>();
    /** Sees the cache alone: each answer is later than the one before. */
    const ofCache: RowSource = {
      ...history.store,
      async read(table, asked) {
        const rows = await cache.read(table, asked);
        for (const [i, key] of asked.entries()) {
          const version = rows[i] === undefined ? undefined : (rows[i]?.version ?? 0);
          if (version === undefined) continue;
          expect(version, `seed ${seed}: ${key}`).toBeGreaterThanOrEqual(latest.get(key) ?? 0);
          if (version > (latest.get(key) ?? 0)) steps++;
          latest.set(key, version);
        }
        return reads.read(table, asked);
      },
    };
    await Promise.all([
      ...keys.map(writer),
      watch(ofCache, history, isOver, () => {}),
      watch(reads, history, isOver, () => {}),
    ]);
    await Promise.all(late);
    await client.close();
    for (const [what, n] of Object.entries(happened())) expect(n, `seed ${seed}: ${what}`).toBeGreaterThan(0);
    expect(cache.counts).toMatchObject({ unanswered: 0, unpublished: 0 });
  });

  test('killed and started again under load, it is missed by nobody', async () => {
    const own = await startRedis();
    const history = createHistory();
    const client = await own.connect(500);
    const cache = createRedisRowCache({
      client,
      boundMs,
      readWithinMs: 20,
      publishWithinMs: 20,
      breaker: { failures: 3, openMs: 30 },
    });
    const clock = { now: Date.now };
    const writes = publishingWrites(history.noted(), cache, clock);
    const reads = cachedReads(history.store, cache, clock);
    let isDone = false;
    const seen = new Map<string, number>();
    let answers = 0;
    const load = Promise.all([
      ...keys.map(async key => {
        while (!isDone) {
          await history.write(writes, key);
          await pause(1);
        }
      }),
      ...[1, 2].map(() =>
        watch(
          reads,
          history,
          () => isDone,
          (key, version) => {
            answers++;
            seen.set(key, version);
          },
        ),
      ),
    ]);
    load.catch(() => {});
    const { counts } = cache;
    const until = async (isSo: () => boolean) => {
      while (!isSo()) await Promise.race([pause(5), load]);
    };
    for (let kill = 0; kill < 3; kill++) {
      const { hits } = counts;
      await until(() => counts.hits > hits + 50);
      const { unanswered, unpublished } = counts;
      const before = answers;
      await own.kill();
      await until(
        () => counts.unanswered > unanswered && counts.unpublished > unpublished && answers > before + 30,
      );
      await own.start();
    }
    const { hits } = counts;
    await until(() => counts.hits > hits + 50);
    isDone = true;
    await load;
    // With no writer left all see the last version, at once or when the older entry ends.
    const last = async () => (await reads.read('t', keys)).map(row => row?.version);
    const stored = (await history.store.read('t', keys)).map(row => row?.version);
    const ends = Date.now() + boundMs;
    while (Date.now() <= ends) await pause(5);
    expect(await last()).toEqual(stored);
    await client.close();
    await own.dispose();
  });
});
