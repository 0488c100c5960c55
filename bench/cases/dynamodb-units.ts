import { createFeed } from '../../features/feed/generator/index.ts';
import feed from '../../features/feed/index.ts';
import { createDynamoStateStore } from '../../lib/adapters/dynamodb/state-store.ts';
import { dynamoRowLimits } from '../../lib/adapters/dynamodb/tables.ts';
import { createUnitCountingStore } from '../../lib/infra/cost/unit-counting-store.ts';
import type { Quarantine, StateStore } from '../../lib/runtime/ports.ts';
import { tableOf } from '../../lib/runtime/rows.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { startFaultyProxy } from '../../test/adapters/dynamodb/faulty-proxy.ts';
import { startDynamo } from '../../test/adapters/dynamodb/servers.ts';
import { makeTables, testClient } from '../../test/adapters/dynamodb/support.ts';
import { createFeedBatches } from '../feed-batches.ts';
import type { Benchmark, Result } from '../result.ts';

/**
 * What the feed costs on DynamoDB, counted on the wire: requests, and the units that the answers say were consumed;
 * beside the write units that the row model of `write-units` counts for the same events. A fiftieth of the feed of
 * `write-units`: 2,000 users, 20 events a second, windows of 5 s, after some minutes that fill the rows.
 *
 * On dynalite in this process, or on DynamoDB Local where DYNAMODB_LOCAL_URL says where it is. Counts, not times.
 */
export const dynamodbUnits: Benchmark = async ({ shrink, progress }) => {
  const server = await startDynamo();
  const proxy = await startFaultyProxy(server.url, { faultOf: () => null });
  const client = testClient(proxy.url);
  try {
    const { names } = await makeTables(client, ...feed.plan.groups.map(tableOf));
    const units = { read: 0, write: 0, progress: 0 };
    const wire = createDynamoStateStore({
      client,
      ...names,
      onConsumed({ operation, table, units: taken }) {
        if (table === names.progressTable) units.progress += taken;
        else if (operation === 'BatchGetItem') units.read += taken;
        else units.write += taken;
      },
    });
    const model = createUnitCountingStore();
    const modelUnits = () => [...model.take().values()].reduce((sum, one) => sum + one.units, 0);

    let now = 0;
    const clock = { now: () => now };
    const stores = [model, wire].map(store => transformInto(store, clock));
    const batches = createFeedBatches();
    const arrivals = createFeed({
      seed: 1,
      users: Math.ceil(2_000 / shrink),
      items: 1_000,
      authors: 100,
      start: evening - fill,
      eventsPerSecond: 20 / eveningRhythm,
    });
    const run = async (until: number): Promise<number> => {
      let accepted = 0;
      for (const { shard, records, now: end } of batches(arrivals, { until, windowMs: 5_000 })) {
        now = end;
        for (const transform of stores) accepted += (await transform({ shard, records })).accepted;
      }
      return accepted / stores.length;
    };

    progress('dynamodb-units: filling rows');
    await run(evening);
    modelUnits();
    Object.assign(units, { read: 0, write: 0, progress: 0 });
    const before = proxy.calls.length;
    progress('dynamodb-units: counting');
    const events = await run(evening + Math.ceil(measured / shrink));
    const requests = Map.groupBy(proxy.calls.slice(before), call => call.operation);
    const predicted = modelUnits();

    const perThousand = (n: number): number => (n * 1_000) / events;
    const result = (id: string, n: number, unit: string, note: string): Result => ({
      id: `dynamodb-units.${id}`,
      value: perThousand(n),
      unit: `${unit}/1,000 events`,
      note,
    });
    const byOperation = [...requests].map(
      ([name, calls]) => `${name} ${perThousand(calls.length).toFixed(0)}`,
    );
    return [
      result('requests', proxy.calls.length - before, 'requests', byOperation.join(', ')),
      result('read', units.read, 'read units', 'rows and runs, strongly'),
      result('progress', units.progress, 'units', 'progress, read and moved'),
      result('write', units.write, 'write units', `the row model says ${perThousand(predicted).toFixed(0)}`),
      {
        id: 'dynamodb-units.model',
        value: Math.abs(units.write / predicted - 1),
        unit: 'off the row model',
        goal: 0.05,
        lower: true,
      },
    ];
  } finally {
    client.destroy();
    await proxy.stop();
    await server.stop();
  }
};

function transformInto(store: StateStore, clock: { now(): number }) {
  const none = () => Promise.reject(new Error('the transform only puts'));
  const quarantine: Quarantine = { put: async () => {}, list: none, get: none, remove: none, count: none };
  return createTransform({
    ...feed,
    stream: feed.plan.streams[0]?.name ?? '',
    incarnation: 'bench',
    store,
    quarantine,
    unapplied: { put: async () => {} },
    clock,
    limits: dynamoRowLimits,
  });
}

const minute = 60_000;
const evening = Date.UTC(2026, 0, 5, 18);
const fill = 3 * minute;
const measured = 2 * minute;
/** How many more events than a day's mean the generator brings at that time. */
const eveningRhythm = 1.34;
