import { afterEach, describe, expect, test } from 'vitest';
import type { RedisClient } from '../../../lib/adapters/redis/client.ts';
import { createRedisStateStore } from '../../../lib/adapters/redis/state-store.ts';
import { StoreError } from '../../../lib/runtime/errors.ts';
import type { LogRecord, StateStore } from '../../../lib/runtime/ports.ts';
import { createReader } from '../../../lib/runtime/read.ts';
import { bytes } from '../../conformance/harness.ts';
import {
  createWorld,
  incarnation,
  now,
  record,
  songHistory,
  songPlays,
  userPlays,
} from '../../support/plays.ts';
import { noRedis, type RedisServer, startRedis } from './server.ts';

describe('a state store in Redis', () => {
  if (noRedis !== undefined) {
    test('all of it', context => context.skip(true, noRedis));
    return;
  }
  let server: RedisServer;
  let client: RedisClient;
  const open = async (options?: Parameters<typeof startRedis>[0]): Promise<StateStore> => {
    server = await startRedis(options);
    client = await server.connect(2_000);
    return createRedisStateStore({ client });
  };
  afterEach(async () => {
    await client?.close();
    await server?.dispose();
  });
  const name = (key: string) => `millrace:row:{t:${key}}`;
  const row = (key: string, expected: number, version: number) => ({
    key,
    expected,
    version,
    bytes: bytes(key),
  });

  test('names its keys so that people find them, one hash tag each', async () => {
    const store = await open();
    await store.write('t@1', [row('17850', 0, 1)]);
    await store.writeRuns('t@1', [{ id: '17850#1', bytes: bytes('run') }]);
    await store.advanceProgress('clicks-1', 'shard-0', { sequence: 7, index: 0, code: 'x' });
    await store.writeNote('clicks-1', 'batch/shard-0', 'note');
    const names = (await client.call('KEYS', '*')) as Buffer[];
    expect(names.map(String).sort()).toEqual([
      'millrace:notes:{clicks-1}',
      'millrace:progress:{clicks-1}',
      'millrace:row:{t@1:17850}',
      'millrace:run:{t@1:17850#1}',
    ]);
  });

  test.each(['', 'short', 'longer than a version'])(
    'bytes that are no row are handed out as such, and can be replaced: %j',
    async value => {
      const store = await open();
      await client.call('SET', name('a'), value);
      const [corrupt] = await store.read('t', ['a']);
      expect(corrupt!.version).toBeGreaterThan(0);
      expect(corrupt!.bytes[0]).toBe(0);
      expect(await store.write('t', [row('a', 0, 5)])).toEqual(['conflict']);
      expect(await store.write('t', [row('a', corrupt!.version, 5)])).toEqual(['written']);
      expect((await store.read('t', ['a']))[0]!.version).toBe(5);
    },
  );

  test('a key that is not ours fails its row alone', async () => {
    const store = await open();
    await client.call('HSET', name('b'), 'field', 'value');
    const outcomes = await store.write('t', [row('a', 0, 1), row('b', 0, 1), row('c', 0, 1)]);
    expect(outcomes).toEqual(['written', 'failed', 'written']);
  });

  test('progress that is no position is said to be corrupt', async () => {
    const store = await open();
    await client.call('HSET', 'millrace:progress:{s}', 'a', 'x');
    const corrupt = { name: 'StoreError', reason: 'corrupt' };
    await expect(store.readProgress('s')).rejects.toMatchObject(corrupt);
    await expect(store.advanceProgress('s', 'a', { sequence: 1, index: 0 })).rejects.toMatchObject(corrupt);
  });

  test('out of memory it is full, and what it has stays readable', async () => {
    const store = await open();
    await store.write('t', [row('a', 0, 1)]);
    await client.call('CONFIG', 'SET', 'maxmemory', '1');
    const full = { name: 'StoreError', reason: 'full' };
    await expect(store.write('t', [row('a', 1, 2), row('b', 0, 1)])).rejects.toMatchObject(full);
    await expect(store.writeRuns('t', [{ id: '1', bytes: bytes('run') }])).rejects.toMatchObject(full);
    await expect(store.advanceProgress('s', 'a', { sequence: 1, index: 0 })).rejects.toMatchObject(full);
    expect((await store.read('t', ['a', 'b'])).map(found => found?.version)).toEqual([1, undefined]);
  });

  test('without a server it is unavailable, says where, and comes back by itself', async () => {
    const store = await open({ isDurable: true });
    await store.write('t', [row('a', 0, 1)]);
    await server.kill();
    const error = await Promise.resolve(store.read('t', ['a'])).then(
      () => null,
      (e: unknown) => e as StoreError,
    );
    expect(error).toBeInstanceOf(StoreError);
    expect(error).toMatchObject({ reason: 'unavailable' });
    expect(error?.message).toContain(`redis 127.0.0.1:${server.port}: `);
    await server.start();
    expect((await untilAvailable(async () => store.read('t', ['a'])))[0]!.version).toBe(1);
  });

  test('killed and started again under load, each event counts once', async () => {
    const seed = 7;
    const world = createWorld({
      groups: [userPlays, songPlays, songHistory],
      limits: { headBytes: 300, runBytes: 2_000 },
    });
    const store = await open({ isDurable: true });
    const batches = Array.from({ length: 60 }, (_, b) => ({
      shard: b % 2 === 0 ? 'a' : 'b',
      records: Array.from({ length: 20 }, (_, i): LogRecord => {
        const n = b * 20 + i;
        const play = { user: `u${(n * seed) % 23}`, song: `s${(n * n) % 11}`, ms: n, ts: now - n * 1_000 };
        return record(n + 1, play, { shard: b % 2 === 0 ? 'a' : 'b' });
      }),
    }));
    for (const batch of batches) await world.transform(batch);

    let refused = 0;
    let calls = 0;
    let kills = 0;
    // At no particular moment: with the call that comes after so many others of the load.
    let nextKill = 20;
    let restarted = Promise.resolve();
    async function restart(): Promise<void> {
      kills++;
      await server.kill();
      await server.start();
      await untilAvailable(() => client.call('PING'));
      if (kills < 12) nextKill = calls + 20 + ((kills * 37) % 60);
    }
    const count = (): void => {
      if (++calls !== nextKill) return;
      restarted = restart();
      restarted.catch(() => {});
    };
    const counted: RedisClient = {
      ...client,
      call: (...command) => {
        count();
        return client.call(...command);
      },
      run: (...script) => {
        count();
        return client.run(...script);
      },
    };
    const transform = world.newTransform(createRedisStateStore({ client: counted }));
    const shard = async (of: string) => {
      for (const batch of batches.filter(b => b.shard === of)) {
        for (;;) {
          // As a poller does: from the lowest failed record, until all are settled.
          try {
            const { failures } = await transform(batch);
            if (failures.length === 0) break;
          } catch (error) {
            if (!(error instanceof StoreError) || error.reason !== 'unavailable') throw error;
          }
          refused++;
          await turn();
        }
      }
    };
    await Promise.all([shard('a'), shard('b')]);
    await restarted;
    expect(kills).toBeGreaterThan(5);
    expect(refused).toBeGreaterThan(5);

    const reader = createReader({
      plan: world.plan,
      functions: world.functions,
      store,
      clock: { now: () => now },
    });
    for (const group of ['user_plays', 'song_plays', 'song_history']) {
      const wanted = await world.values(group, now + 1);
      const entity = group === 'user_plays' ? 'user' : 'song';
      const { entities } = await reader.readGroup(
        group,
        Object.keys(wanted).map(key => ({ [entity]: key })),
        { asOf: now + 1 },
      );
      expect(
        entities.map(({ values }) => values),
        group,
      ).toEqual(Object.values(wanted));
    }
    const progress = await store.readProgress(incarnation);
    expect([...progress.keys()].sort()).toEqual(['a', 'b']);
  }, 60_000);
});

const turn = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 2));

async function untilAvailable<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      await turn();
    }
  }
}
