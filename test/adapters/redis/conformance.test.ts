import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStateStore } from '../../../lib/adapters/redis/state-store.ts';
import type { StateStore } from '../../../lib/runtime/ports.ts';
import type { Subject } from '../../conformance/harness.ts';
import { stateStoreConformance } from '../../conformance/state-store.ts';
import { noRedis, type RedisServer, startRedis } from './server.ts';

describe.each([
  { name: 'redis', isCluster: false },
  { name: 'redis cluster', isCluster: true },
])('$name', ({ name, isCluster }) => {
  if (noRedis !== undefined) {
    test('state store', context => context.skip(true, noRedis));
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
});
