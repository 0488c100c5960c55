import { createRedisRowCache } from '../../lib/adapters/redis/row-cache.ts';
import { noRedis, startRedis } from '../../test/adapters/redis/server.ts';
import { type Benchmark, quantile, type Result } from '../result.ts';

/**
 * Hits of the row cache against the least that Redis can do: a plain GET or MGET of the same bytes over the same
 * connection, taken in turns. One row of 900 bytes, and the 500 of a ranking call.
 */
export const rowCache: Benchmark = async ({ runs, shrink, progress }) => {
  if (noRedis !== undefined) {
    progress(`row cache: not measured, ${noRedis}`);
    return [];
  }
  const server = await startRedis();
  try {
    const client = await server.connect();
    const cache = createRedisRowCache({ client, prefix: '', boundMs: 20_000, readWithinMs: 10_000 });
    const keys = Array.from({ length: 500 }, (_, i) => `user ${i}`);
    const bytes = new Uint8Array(900).fill(7);
    const names = keys.map(key => `cached:{t:${key}}`);
    const results: Result[] = [];
    for (const { id, count, calls } of [
      { id: 'one', count: 1, calls: 4_000 },
      { id: 'ranking', count: 500, calls: 400 },
    ]) {
      const plain: number[] = [];
      const cached: number[] = [];
      for (let run = 0; run < runs; run++) {
        progress(`row cache ${id}, run ${run + 1} of ${runs}`);
        const version = Date.now();
        await cache.publish(
          't',
          keys.map(key => ({ key, row: { version, bytes } })),
          version,
        );
        for (let i = 0; i < Math.ceil(calls / shrink); i++) {
          const from = count === 1 ? i % keys.length : 0;
          const part = names.slice(from, from + count);
          const asked = keys.slice(from, from + count);
          // First one, then the other: what the machine does beside falls on both.
          const measures = [
            () =>
              clockedCall(plain, () =>
                count === 1 ? client.call('GET', part[0]!) : client.call('MGET', ...part),
              ),
            () => clockedCall(cached, () => cache.read('t', asked)),
          ];
          for (const measure of i % 2 === 0 ? measures : measures.reverse()) await measure();
        }
      }
      if (cache.counts.misses > 0) throw new Error(`${cache.counts.misses} rows were not in the cache`);
      const [value, floor] = [quantile(cached, 0.99), quantile(plain, 0.99)];
      const note = count === 1 ? 'against GET' : 'against MGET';
      results.push({
        id: `row-cache.${id}.p99`,
        value,
        unit: 'ms',
        floor,
        goal: 1.5 * floor,
        lower: true,
        note,
      });
      results.push({
        id: `row-cache.${id}.p50`,
        value: quantile(cached, 0.5),
        unit: 'ms',
        floor: quantile(plain, 0.5),
        note,
      });
    }
    await client.close();
    return results;
  } finally {
    await server.dispose();
  }
};

async function clockedCall(samples: number[], call: () => Promise<unknown>): Promise<void> {
  const from = performance.now();
  await call();
  samples.push(performance.now() - from);
}
