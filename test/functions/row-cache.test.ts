import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createServeFunction } from '../../functions/serve/index.ts';
import { createTransformFunction } from '../../functions/transform/index.ts';
import { definitions } from '../../lib/define/index.ts';
import { noRedis, type RedisServer, startRedis } from '../adapters/redis/server.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';
import { playText, userPlays } from '../support/plays.ts';
import { lambdaEnvironment } from './environment.ts';
import { httpRequest } from './http-request.ts';
import { memoryState } from './memory-state.ts';

const defined = definitions({ groups: [userPlays] });
const environment = { MILLRACE_STREAM: 'plays', MILLRACE_INCARNATION: 'plays-1', MILLRACE_BUCKET: 'lake' };

describe('with a cache', () => {
  if (noRedis !== undefined) {
    test('rows are read from it', context => context.skip(true, noRedis));
    return;
  }
  let redis: RedisServer;
  let lines: readonly Record<string, unknown>[];
  beforeEach(async () => {
    redis = await startRedis();
    ({ lines } = lambdaEnvironment({}));
  });
  afterEach(() => redis.dispose());

  /** A transform and a serve function over one store and one Redis. */
  async function functions() {
    const store = createMemoryStateStore();
    const state = await memoryState(defined.plan, store);
    const withCache = { ...environment, MILLRACE_CACHE_URL: `redis://127.0.0.1:${redis.port}` };
    const transform = createTransformFunction(defined, withCache, state);
    const serve = createServeFunction(defined, withCache, state);
    let sequence = 0;
    return {
      store,
      transform: (user: string) => {
        const now = Date.now();
        return transform({
          Records: [
            {
              eventID: `shardId-000000000000:${++sequence}`,
              kinesis: {
                sequenceNumber: `${sequence}`,
                approximateArrivalTimestamp: now / 1000,
                data: Buffer.from(playText({ user, ts: now })).toString('base64'),
              },
            },
          ],
        });
      },
      async plays(user: string) {
        const request = JSON.stringify({ group: 'user_plays', entities: [{ user }] });
        const { statusCode, body } = await serve(httpRequest('/v1/features', request));
        const { features, entities } = JSON.parse(body);
        return [statusCode, entities[0].values[features.indexOf('plays_lifetime')]];
      },
    };
  }
  const total = (name: string) => lines.reduce((sum, line) => sum + Number(line[name] ?? 0), 0);

  test('what the transform writes is read from the cache, and what is not there once from the store', async () => {
    const { store, transform, plays } = await functions();
    // A busy machine may be too late for the cache: then nothing is published, and the store answers.
    const soon = { timeout: 10_000 };
    let played = 0;
    const publish = () =>
      vi.waitFor(async () => {
        const before = total('CachePublished');
        await transform('u1');
        played++;
        expect(total('CachePublished')).toBe(before + 1);
      }, soon);
    await publish();
    await vi.waitFor(async () => {
      const before = [total('CacheHits'), store.counts.reads];
      expect(await plays('u1')).toEqual([200, played]);
      expect([total('CacheHits'), store.counts.reads]).toEqual([before[0]! + 1, before[1]]);
    }, soon);
    await vi.waitFor(async () => {
      const before = [total('CacheHits'), store.counts.reads];
      expect(await plays('u2')).toEqual([200, 0]);
      expect([total('CacheHits'), store.counts.reads]).toEqual([before[0]! + 1, before[1]]);
    }, soon);
    await publish();
    expect(await plays('u1')).toEqual([200, played]);
  });

  test('where Redis is gone all goes on without it', async () => {
    const { transform, plays } = await functions();
    await transform('u1');
    await redis.kill();
    expect(await transform('u1')).toEqual({ batchItemFailures: [] });
    expect(await plays('u1')).toEqual([200, 2]);
    expect(total('CacheUnpublished')).toBeGreaterThan(0);
    expect(lines.filter(line => line.level === 'ERROR')).toEqual([]);
  });

  test('where there never was one functions start all the same', async () => {
    await redis.kill();
    const { transform, plays } = await functions();
    expect(await transform('u1')).toEqual({ batchItemFailures: [] });
    expect(await plays('u1')).toEqual([200, 1]);
  });
});

test.each(['localhost:6379', 'https://host:1', 'rediss://', 'rediss://host?clustre=true'])(
  '%s is no address of a cache',
  async url => {
    const state = await memoryState(defined.plan);
    expect(() => createServeFunction(defined, { MILLRACE_CACHE_URL: url }, state)).toThrow(
      'MILLRACE_CACHE_URL: that is no address of Redis',
    );
  },
);
