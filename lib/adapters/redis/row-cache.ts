import { MillraceError } from '../../runtime/errors.ts';
import type { CachedRow, RowCache, StoredRow } from '../../runtime/ports.ts';
import { readTimeout } from '../../runtime/run-graveyard.ts';
import { createBreaker } from './breaker.ts';
import { type RedisClient, redisScript } from './client.ts';
import { redisKeys } from './keys.ts';
import { noCounts, type RowCacheCounts } from './row-cache-counts.ts';
import { decodeRow, encodeRow, luaVersionOf } from './stored-row.ts';

export interface RedisRowCacheOptions {
  readonly client: RedisClient;
  /** What all keys begin with; `millrace:` if not given. One per store: two stores with one prefix would mix up. No braces. */
  readonly prefix?: string;
  /** How old (ms) what readers get may be; 10,000 if not given, 20,000 at most. */
  readonly boundMs?: number;
  /** ms until a read is answered without the cache; 25 if not given. */
  readonly readWithinMs?: number;
  /** ms until a writer stops waiting for the cache; 250 if not given. */
  readonly publishWithinMs?: number;
  /** After so many failures in a row the cache is left alone for `openMs`, and then tried by one call: 5 and 1,000. */
  readonly breaker?: { readonly failures: number; readonly openMs: number };
}

export interface RedisRowCache extends RowCache {
  readonly counts: Readonly<RowCacheCounts>;
}

/**
 * Rows in Redis or Valkey, under their versions. An entry ends `boundMs` after its row was known to be the store's,
 * whenever it gets there, and one that needs half of this to get there is passed over. So nobody who was held up can
 * bring an old row back after the newer one's entry has ended: what was known before the newer row was written arrives
 * within half the bound of that write or not at all, and the newer row's entry, itself known at most half the bound
 * before that write, still stands then. Clocks that disagree shift this by as much.
 *
 * Redis being slow, full, or gone is never an error here: rows are then unknown, within `readWithinMs`.
 */
export function createRedisRowCache(options: RedisRowCacheOptions): RedisRowCache {
  const {
    client,
    prefix = 'millrace:',
    boundMs = 10_000,
    readWithinMs = 25,
    publishWithinMs = 250,
  } = options;
  if (!(boundMs > 0 && boundMs <= longestBound)) {
    throw new MillraceError(
      `boundMs is ${boundMs} and must be from 1 to ${longestBound}: a row may name runs that are deleted ${readTimeout} ms after it was replaced`,
    );
  }
  const keys = redisKeys(prefix);
  const breaker = createBreaker(options.breaker ?? { failures: 5, openMs: 1_000 });
  const counts: RowCacheCounts = { ...noCounts };

  /** What `work` gives, or null: in time, and not at all while the breaker is open. */
  async function attempt<T>(ms: number, work: () => Promise<T>): Promise<T | null> {
    if (!breaker.enter()) return null;
    const working = work();
    const result = await inTime(ms, working);
    if (result === null) breaker.failed();
    else breaker.succeeded();
    return result;
  }

  const get = (names: readonly string[]): Promise<(Buffer | null)[]> =>
    client.isCluster
      ? Promise.all(names.map(name => client.call('GET', name) as Promise<Buffer | null>))
      : (client.call('MGET', ...names) as Promise<(Buffer | null)[]>);

  /** How many of these were put there. */
  async function put(table: string, rows: readonly CachedRow[], knownAt: number): Promise<number> {
    return (await client.run(
      publishScript,
      rows.map(({ key }) => keys.cached(table, key)),
      [knownAt, boundMs, ...rows.map(({ row }) => encodeRow(row ?? noRow))],
    )) as number;
  }

  return {
    counts,

    async read(table, rowKeys) {
      if (rowKeys.length === 0) return [];
      const values = await attempt(readWithinMs, () => get(rowKeys.map(key => keys.cached(table, key))));
      if (values === null) {
        counts.unanswered += rowKeys.length;
        return rowKeys.map(() => undefined);
      }
      const rows = values.map(value => (value === null ? undefined : cachedRow(value)));
      const misses = rows.reduce((sum, row) => (row === undefined ? sum + 1 : sum), 0);
      counts.misses += misses;
      counts.hits += rows.length - misses;
      return rows;
    },

    async publish(table, rows, knownAt) {
      if (rows.length === 0) return;
      const size = client.isCluster ? 1 : rowsAtOnce;
      const parts: (readonly CachedRow[])[] = [];
      for (let from = 0; from < rows.length; from += size) parts.push(rows.slice(from, from + size));
      const done = await attempt(publishWithinMs, () =>
        Promise.all(parts.map(part => put(table, part, knownAt))),
      );
      if (done === null) {
        counts.unpublished += rows.length;
        return;
      }
      const published = done.reduce((sum, n) => sum + n, 0);
      counts.published += published;
      counts.passedOver += rows.length - published;
    },
  };
}

/**
 * ARGV[1] when the rows were known, ARGV[2] the bound; then a value for each of KEYS. Answers how many were put there.
 * A clock that is ahead cannot make an entry stand longer than the bound from now.
 */
const publishScript = redisScript(`${luaVersionOf}
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local known = math.min(tonumber(ARGV[1]), now)
local bound = tonumber(ARGV[2])
if now - known >= bound / 2 then return 0 end
local ends = string.format('%.0f', known + bound)
local published = 0
for i, key in ipairs(KEYS) do
  local value = ARGV[i + 2]
  local present = redis.pcall('GETRANGE', key, 0, 7)
  if type(present) == 'table' then present = '' end
  if versionOf(value) > (versionOf(present) or -1) then
    redis.call('SET', key, value, 'PXAT', ends)
    published = published + 1
  end
end
return published
`);

/** That the store has no row is known as well: under version 0, which no row has. */
const noRow: StoredRow = { version: 0, bytes: new Uint8Array() };

const cachedRow = (value: Buffer): StoredRow | null | undefined => {
  const row = decodeRow(value);
  return row?.version === 0 ? null : row;
};

/** Runs outlive the rows that named them by `readTimeout`; a reader that found the row in the cache needs some of it. */
const longestBound = readTimeout - 10_000;
const rowsAtOnce = 256;

/** Null where it fails, or takes longer. */
function inTime<T>(ms: number, working: Promise<T>): Promise<T | null> {
  return new Promise(resolve => {
    // What has come by then counts, though this process had no time to look: it is looked at before the immediate.
    const timer = setTimeout(() => setImmediate(resolve, null), ms);
    const settle = (result: T | null): void => {
      clearTimeout(timer);
      resolve(result);
    };
    working.then(settle, () => settle(null));
  });
}
