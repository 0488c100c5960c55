import { StoreError } from '../../runtime/errors.ts';
import type { RowWrite, ShardProgress, StateStore, StoredRow, WriteOutcome } from '../../runtime/ports.ts';
import { type RedisClient, redisScript } from './client.ts';
import { redisKeys } from './keys.ts';
import { advanceScript, decodeProgress, encodeProgress } from './progress.ts';
import { decodeRow, encodeRow, luaVersionOf } from './stored-row.ts';

export interface RedisStateStoreOptions {
  readonly client: RedisClient;
  /** What all keys begin with, so that several stores can share a Redis; `millrace:` if not given. No braces. */
  readonly prefix?: string;
}

/**
 * Feature rows, runs and progress in Redis or Valkey. A row is replaced in a script, on condition of its version; a
 * script answers for many rows, each by itself. On a cluster a script can only have keys of one slot, and of thousands of
 * rows hardly two share one: there it is a script for each row, pipelined.
 *
 * It is as durable as that Redis is set to be, and loses rows where it may evict them (docs/limits.md).
 */
export function createRedisStateStore({ client, prefix = 'millrace:' }: RedisStateStoreOptions): StateStore {
  const keys = redisKeys(prefix);

  /** The values at these keys, in their order. */
  async function get(names: readonly string[]): Promise<(Buffer | null)[]> {
    if (client.isCluster)
      return Promise.all(names.map(name => client.call('GET', name) as Promise<Buffer | null>));
    const parts = cut(names, keysAtOnce).map(
      part => client.call('MGET', ...part) as Promise<(Buffer | null)[]>,
    );
    return (await Promise.all(parts)).flat();
  }

  async function writePart(table: string, writes: readonly RowWrite[]): Promise<WriteOutcome[]> {
    const replies = (await client.run(
      replaceScript,
      writes.map(({ key }) => keys.row(table, key)),
      writes.flatMap(write => [String(write.expected), encodeRow(write)]),
    )) as (number | Buffer)[];
    const refusal = replies.find(reply => Buffer.isBuffer(reply) && reply.toString().startsWith('OOM'));
    if (refusal !== undefined)
      throw new StoreError('full', `redis, table ${table}: ${refusal}. Give it more memory.`);
    return replies.map(reply => (reply === 1 ? 'written' : reply === 0 ? 'conflict' : 'failed'));
  }

  return {
    async read(table, rowKeys) {
      const values = await get(rowKeys.map(key => keys.row(table, key)));
      return values.map(value => (value === null ? null : storedRow(value)));
    },

    async write(table, writes) {
      const outcomes = await Promise.all(
        cut(writes, client.isCluster ? 1 : rowsAtOnce).map(part => writePart(table, part)),
      );
      return outcomes.flat();
    },

    async writeRuns(table, runs) {
      await Promise.all(
        runs.map(({ id, bytes }) => client.call('SET', keys.run(table, id), Buffer.from(bytes))),
      );
    },

    readRuns: (table, ids) => get(ids.map(id => keys.run(table, id))),

    async deleteRuns(table, ids) {
      await Promise.all(ids.map(id => client.call('UNLINK', keys.run(table, id))));
    },

    async readProgress(incarnation) {
      const fields = (await client.call('HGETALL', keys.progress(incarnation))) as Buffer[];
      const progress = new Map<string, ShardProgress>();
      for (let i = 0; i + 1 < fields.length; i += 2)
        progress.set(fields[i]!.toString(), decodeProgress(fields[i + 1]!.toString()));
      return progress;
    },

    async advanceProgress(incarnation, shard, to) {
      await client.run(advanceScript, [keys.progress(incarnation)], [shard, encodeProgress(to)]);
    },

    async readNote(incarnation, name) {
      const text = (await client.call('HGET', keys.notes(incarnation), name)) as Buffer | null;
      return text === null ? null : text.toString();
    },

    async writeNote(incarnation, name, text) {
      await client.call('HSET', keys.notes(incarnation), name, text);
    },

    /** Goes through all that Redis holds. What is written meanwhile may be found or not. */
    async *scan(table) {
      const { pattern, keyOf } = keys.rowsOf(table);
      for (const node of client.primaries()) {
        // A scan may give a key twice.
        const seen = new Set<string>();
        let cursor = '0';
        do {
          const [next, names] = (await node.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', 1000)) as [
            Buffer,
            Buffer[],
          ];
          cursor = next.toString();
          for (const name of names) {
            const key = keyOf(name.toString());
            if (seen.has(key)) continue;
            seen.add(key);
            yield key;
          }
        } while (cursor !== '0');
      }
    },
  };
}

/**
 * For each of KEYS two of ARGV: the version expected, and the value to put there. Answers 1 where it was put, 0 where
 * another version stands, and the error where Redis would not. A value that is no row has the version by which it was
 * handed out.
 */
const replaceScript = redisScript(`${luaVersionOf}
local replies = {}
for i, key in ipairs(KEYS) do
  local header = redis.pcall('GETRANGE', key, 0, 7)
  if type(header) == 'table' then
    replies[i] = header.err
  else
    local version = versionOf(header) or 0
    if version == 0 and (header ~= '' or redis.call('EXISTS', key) == 1) then
      version = tonumber('${Number.MIN_VALUE}')
    end
    if version ~= tonumber(ARGV[2 * i - 1]) then
      replies[i] = 0
    else
      local done = redis.pcall('SET', key, ARGV[2 * i])
      replies[i] = done.err or 1
    end
  end
end
return replies
`);

/** Bytes that are no row are handed out as such: under a version to condition a write on, and as bytes of no codec. */
const storedRow = (value: Buffer): StoredRow => {
  const row = decodeRow(value);
  return row === undefined || row.version === 0
    ? { version: Number.MIN_VALUE, bytes: Uint8Array.of(0, ...value) }
    : row;
};

/** A script holds up everybody else: this many rows take it about a millisecond. */
const rowsAtOnce = 256;
const keysAtOnce = 1024;

function cut<T>(items: readonly T[], size: number): (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size));
  return parts;
}
