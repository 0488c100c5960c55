import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisRowCache } from '../../../lib/adapters/redis/row-cache.ts';
import { createRedisStateStore } from '../../../lib/adapters/redis/state-store.ts';
import type { StateStore } from '../../../lib/runtime/ports.ts';
import type { Subject } from '../../conformance/harness.ts';
import { rowCacheConformance } from '../../conformance/row-cache.ts';
import { stateStoreConformance } from '../../conformance/state-store.ts';
import { noRedis, type RedisServer, startRedis } from './server.ts';

describe.each([
  { name: 'redis', isCluster: false },
  { name: 'redis cluster', isCluster: true },
])('$name', ({ name, isCluster }) => {
  if (noRedis !== undefined) {
    test('state store and row cache', context => context.skip(true, noRedis));
    return;
  }
  let server: RedisServer;
  let stores = 0;
  beforeAll(async () => {
    server = await startRedis({ isCluster });
  });
  afterAll(() => server?.dispose());

  /** Each store has a prefix of its own on one server. */
  stateStoreConformance(name, async (): Promise<Subject<StateStore>> => {
    const prefix = `test[${stores++}]*:`;
    let client = await server.connect();
    return {
      adapter: createRedisStateStore({ client, prefix }),
      async reopen() {
        await client.close();
        client = await server.connect();
        return createRedisStateStore({ client, prefix });
      },
      dispose: () => client.close(),
    };
  });

  rowCacheConformance(name, async () => {
    const client = await server.connect();
    const boundMs = 20_000;
    // A busy machine is no reason to give a test's cache up.
    const patience = { readWithinMs: 10_000, publishWithinMs: 10_000 };
    return {
      cache: createRedisRowCache({ client, prefix: `test ${stores++}:`, boundMs, ...patience }),
      boundMs,
      dispose: () => client.close(),
    };
  });
});
