import { afterAll, beforeAll, describe, test } from 'vitest';
import { createRedisStateStore } from '../../../lib/adapters/redis/state-store.ts';
import { feedParity } from '../../conformance/feed-parity.ts';
import { noRedis, type RedisServer, startRedis } from './server.ts';

describe('redis', () => {
  if (noRedis !== undefined) {
    test('the feed', context => context.skip(true, noRedis));
    return;
  }
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server?.dispose());

  feedParity('redis', async () => {
    let client = await server.connect();
    return {
      adapter: createRedisStateStore({ client }),
      async reopen() {
        await client.close();
        client = await server.connect();
        return createRedisStateStore({ client });
      },
      dispose: () => client.close(),
    };
  });
});
