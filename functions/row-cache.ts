import type { RedisOptions } from '../lib/adapters/redis/client.ts';
import type { RedisRowCache } from '../lib/adapters/redis/row-cache.ts';
import { noCounts } from '../lib/adapters/redis/row-cache-counts.ts';
import { parseRedisUrl } from '../lib/adapters/redis/url.ts';
import { metricNames } from '../lib/runtime/metric-names.ts';
import type { RowCache } from '../lib/runtime/ports.ts';
import type { Amounts } from './counter.ts';
import { type Environment, EnvironmentError } from './environment.ts';

export interface FunctionCache extends RowCache {
  /** What it did since the last time, in rows. */
  take(): Amounts;
}

/**
 * The cache of a function, which connects while the function starts. Environment: `MILLRACE_CACHE_URL`, as
 * `rediss://user:password@host:6379?cluster=true`; null where that is not set. Until it is connected reads find nothing
 * in it, and publications wait. Throws EnvironmentError.
 */
export function openRowCache(environment: Environment): FunctionCache | null {
  const url = environment.MILLRACE_CACHE_URL ?? '';
  if (url === '') return null;
  const options = redisOptions(url);
  let cache: RedisRowCache | null = null;
  const opened = import('./connect-cache.ts')
    .then(({ connectCache }) => connectCache(options))
    .then(connected => {
      cache = connected;
      return connected;
    })
    // A cache that is not there is an empty one.
    .catch(() => null);
  let before = noCounts;
  return {
    read: async (table, keys) => (cache === null ? keys.map(() => undefined) : cache.read(table, keys)),
    async publish(table, rows, knownAt) {
      await (await opened)?.publish(table, rows, knownAt);
    },
    take() {
      const { counts } = cache ?? { counts: noCounts };
      const amounts = {
        [metricNames.cacheHits]: counts.hits - before.hits,
        [metricNames.cacheMisses]: counts.misses - before.misses,
        [metricNames.cacheUnanswered]: counts.unanswered - before.unanswered,
        [metricNames.cachePublished]: counts.published - before.published,
        [metricNames.cacheUnpublished]: counts.unpublished - before.unpublished,
      };
      before = { ...counts };
      return amounts;
    },
  };
}

function redisOptions(url: string): RedisOptions {
  try {
    return parseRedisUrl(url);
  } catch (error) {
    throw new EnvironmentError(`the environment variable MILLRACE_CACHE_URL: ${(error as Error).message}`);
  }
}
