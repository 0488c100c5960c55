import { connectRedis, type RedisOptions } from '../lib/adapters/redis/client.ts';
import { createRedisRowCache, type RedisRowCache } from '../lib/adapters/redis/row-cache.ts';

/** Loaded only where a function has a cache (row-cache.ts): the client is 190 KB. Resolves whether Redis is there or not. */
export async function connectCache(options: RedisOptions): Promise<RedisRowCache> {
  return createRedisRowCache({ client: await connectRedis({ ...options, timeoutMs: 500 }) });
}
