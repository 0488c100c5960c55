import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RedisClient } from '../../../lib/adapters/redis/client.ts';
import { createRedisRowCache, type RedisRowCacheOptions } from '../../../lib/adapters/redis/row-cache.ts';
import { bytes, text } from '../../conformance/harness.ts';
import { noRedis, type RedisServer, startRedis } from './server.ts';

const row = (key: string, version: number) => ({ key, row: { version, bytes: bytes(`${key}@${version}`) } });
const patient = { readWithinMs: 10_000, publishWithinMs: 10_000 };

describe('a row cache in Redis', () => {
  if (noRedis !== undefined) {
    test('all of it', context => context.skip(true, noRedis));
    return;
  }
  let server: RedisServer;
  let client: RedisClient;
  let prefix: string;
  let caches = 0;
  beforeAll(async () => {
    server = await startRedis();
    client = await server.connect();
  });
  afterAll(async () => {
    await client?.close();
    await server?.dispose();
  });
  beforeEach(() => {
    prefix = `test${caches++}:`;
  });
  const create = (options: Partial<RedisRowCacheOptions> = {}) =>
    createRedisRowCache({ client, prefix, ...patient, ...options });
  const name = (key: string) => `${prefix}cached:{t:${key}}`;
  const remaining = async (key: string) => (await client.call('PTTL', name(key))) as number;

  test('an entry ends when its row was known so long ago as the bound says', async () => {
    const cache = create({ boundMs: 20_000 });
    const began = Date.now();
    await cache.publish('t', [row('a', 1), { key: 'none', row: null }], began - 5_000);
    for (const key of ['a', 'none']) {
      const left = await remaining(key);
      expect(left).toBeLessThanOrEqual(15_000);
      expect(left).toBeGreaterThan(15_000 - (Date.now() - began) - 2);
    }
  });

  test('a publisher whose clock is ahead keeps nothing longer than the bound', async () => {
    await create({ boundMs: 20_000 }).publish('t', [row('a', 1)], Date.now() + 3_600_000);
    expect(await remaining('a')).toBeLessThanOrEqual(20_000);
  });

  test.each(['', 'short', 'longer than a version'])(
    'bytes that are no row are not known, and replaced: %j',
    async value => {
      const cache = create();
      await client.call('SET', name('a'), value);
      expect(await cache.read('t', ['a'])).toEqual([undefined]);
      await cache.publish('t', [row('a', 1)], Date.now());
      expect(text((await cache.read('t', ['a']))[0]!.bytes)).toBe('a@1');
    },
  );

  test('what is not ours at a key is replaced too, and harms no other', async () => {
    const cache = create();
    await client.call('HSET', name('b'), 'field', 'value');
    await cache.publish('t', [row('a', 1), row('b', 1), row('c', 1)], Date.now());
    expect((await cache.read('t', ['a', 'b', 'c'])).map(found => found?.version)).toEqual([1, 1, 1]);
  });

  test('a server that forgets its scripts is given them again', async () => {
    const cache = create();
    await cache.publish('t', [row('a', 1)], Date.now());
    await client.call('SCRIPT', 'FLUSH');
    await cache.publish('t', [row('a', 2)], Date.now());
    expect((await cache.read('t', ['a']))[0]?.version).toBe(2);
  });

  test('a bound that rows’ runs would not outlive is refused', () => {
    expect(() => create({ boundMs: 20_001 })).toThrow('boundMs is 20001 and must be from 1 to 20000');
    expect(() => create({ boundMs: 0 })).toThrow('boundMs is 0');
  });

  test('a prefix with a hash tag is refused: it would put all keys in one slot', () => {
    expect(() => create({ prefix: '{prod}:' })).toThrow('the prefix {prod}: has braces');
  });

  test('counts what it answers', async () => {
    const cache = create();
    await cache.publish('t', [row('a', 2), row('b', 1)], Date.now());
    await cache.publish('t', [row('a', 1)], Date.now());
    await cache.read('t', ['a', 'b', 'c']);
    expect(cache.counts).toEqual({
      hits: 2,
      misses: 1,
      unanswered: 0,
      published: 2,
      passedOver: 1,
      unpublished: 0,
    });
  });

  test('an answer that came in time counts, though the process was busy until later', async () => {
    const cache = create({ readWithinMs: 50 });
    await cache.publish('t', [row('a', 1)], Date.now());
    const reading = cache.read('t', ['a']);
    // The command leaves in this turn or the next; then nothing is looked at until Redis has answered one that came
    // later, and for three times as long as a read may take.
    await new Promise(resolve => setImmediate(resolve));
    const busyUntil = performance.now() + 150;
    do spawnSync('redis-cli', ['-p', String(server.port), 'PING']);
    while (performance.now() < busyUntil);
    expect((await reading)[0]?.version).toBe(1);
  });

  describe('when Redis hangs', () => {
    let own: RedisServer;
    beforeAll(async () => {
      own = await startRedis();
    });
    afterAll(() => own?.dispose());

    test('reads and writes go on without it, then without asking it, and with it again', async () => {
      const ownClient = await own.connect();
      const cache = createRedisRowCache({
        client: ownClient,
        readWithinMs: 200,
        publishWithinMs: 200,
        breaker: { failures: 3, openMs: 1_000 },
      });
      const { counts } = cache;
      while (counts.published === 0) await cache.publish('t', [row('a', 1)], Date.now());
      const before = { ...counts };
      own.freeze();
      expect(await cache.read('t', ['a', 'b'])).toEqual([undefined, undefined]);
      await cache.publish('t', [row('b', 1)], Date.now());
      expect(await cache.read('t', ['a'])).toEqual([undefined]);
      expect(counts).toEqual({ ...before, unanswered: 3, unpublished: before.unpublished + 1 });
      // Open: nothing waits any more. An answer within one turn of the event loop is one without Redis.
      const first = await Promise.race([
        cache.read('t', ['a']),
        new Promise(resolve => setImmediate(resolve, 'waited')),
      ]);
      expect(first).toEqual([undefined]);
      own.thaw();
      while ((await cache.read('t', ['a']))[0] === undefined)
        await new Promise(resolve => setTimeout(resolve, 20));
      expect(counts.hits).toBe(1);
      await ownClient.close();
    });
  });

  test('without a Redis it begins as an empty cache', async () => {
    const own = await startRedis();
    await own.kill();
    const ownClient = await own.connect(100);
    const cache = createRedisRowCache({
      client: ownClient,
      ...patient,
      breaker: { failures: 1_000, openMs: 1 },
    });
    expect(await cache.read('t', ['a'])).toEqual([undefined]);
    await cache.publish('t', [row('a', 1)], Date.now());
    expect(cache.counts).toMatchObject({ unanswered: 1, unpublished: 1 });
    await own.start();
    while (cache.counts.published === 0) {
      await cache.publish('t', [row('a', 1)], Date.now());
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    expect((await cache.read('t', ['a']))[0]?.version).toBe(1);
    await ownClient.close();
    await own.dispose();
  });
});
