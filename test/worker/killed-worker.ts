import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { expect } from 'vitest';
import { type Arrival, arrivalBytes } from '../../features/feed/generator/index.ts';
import { createDynamoLeaseStore } from '../../lib/adapters/dynamodb/lease-store.ts';
import { createDynamoStateStore } from '../../lib/adapters/dynamodb/state-store.ts';
import { createKinesisProducer } from '../../lib/adapters/kinesis/producer.ts';
import type { LogRecord, StateStore } from '../../lib/runtime/ports.ts';
import { startFaultyProxy } from '../adapters/dynamodb/faulty-proxy.ts';
import { differences, feedArrivalsUntil, feedValues, processFeed } from '../support/feed-values.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';
import { eventually, type SpawnedWorker, spawnWorker } from './spawn-worker.ts';

export interface Parts {
  readonly kinesis: KinesisClient;
  readonly dynamo: DynamoDBClient;
  readonly dynamoUrl: string;
  /** Of all parts that have no variable of their own. */
  readonly environment: Readonly<Record<string, string>>;
  /** Where rows are, if not in DynamoDB; `url` is for the worker. */
  readonly redis?: { readonly url: string; readonly store: StateStore };
  /** Of the stream `dev-interactions`, which is new and has two shards, the first is split, and then two are merged. */
  split(): Promise<void>;
  merge(): Promise<void>;
  /** All that is in the stream, shard by shard, parents first. */
  stored(): Promise<readonly LogRecord[]>;
}

/**
 * Two workers share a stream of the feed while it is split and merged; one is killed in the middle of a batch, the other
 * takes over. In the end every value of every entity is what one process makes of the same records.
 */
export async function killedWorker(parts: Parts, count: number): Promise<void> {
  const { kinesis, dynamo, dynamoUrl, redis } = parts;
  const arrivals = feedArrivalsUntil(Date.now(), count);
  const events = arrivals.map(arrival => ({ partitionKey: arrival.event.user, data: arrivalBytes(arrival) }));
  const producer = createKinesisProducer({ client: kinesis, streamName: 'dev-interactions' });
  let sent = 0;
  /** A few at a time, so that there are many records. */
  const putHalfOfRest = async (): Promise<void> => {
    for (const end = sent + (count - sent) / 2; sent < end; sent += 50) {
      const outcomes = await producer.append(events.slice(sent, sent + 50));
      expect(outcomes.filter(o => o.status === 'failed')).toEqual([]);
    }
  };

  let writes = 0;
  let victim: SpawnedWorker | null = null;
  const proxy = await startFaultyProxy(dynamoUrl, {
    faultOf({ operation, body }) {
      const isRow = operation === 'PutItem' && !/progress|leases/.test(body.TableName);
      if (isRow && ++writes === 20) victim!.child.kill('SIGKILL');
      return null;
    },
  });
  const args = [
    '--features',
    'features/feed/index.ts',
    '--prefix',
    'dev-',
    '--bucket',
    'lake',
    '--make-tables',
  ];
  const settings = [...args, '--batch', '5', '--window', '100', '--lease', '2', '--report', '1'];
  const more = redis === undefined ? [] : ['--redis', redis.url];
  const start = (url: string) =>
    spawnWorker([...settings, ...more], { ...parts.environment, AWS_ENDPOINT_URL_DYNAMODB: url });
  const heir = start(dynamoUrl);
  try {
    await putHalfOfRest();
    await eventually(() => heir.shards().length > 0, 'a worker has begun');
    victim = start(proxy.url);
    await eventually(() => victim!.shards().length > 0, 'the other has its share');
    await putHalfOfRest();
    await parts.split();
    await putHalfOfRest();
    // Through the proxy it is killed in the middle of a batch; Redis has none.
    if (redis !== undefined) victim.child.kill('SIGKILL');
    await parts.merge();
    await putHalfOfRest();
    const said = () =>
      `${JSON.stringify(victim!.lines.slice(-8))} ${victim!.errors()} after ${writes} writes`;
    await eventually(() => victim!.child.signalCode === 'SIGKILL', 'the other is killed').catch(error => {
      throw new Error(`${error.message}: ${said()}`);
    });

    const records = await parts.stored();
    const store = redis?.store ?? devStore(dynamo);
    const life = String(heir.lines.find(line => line.kind === 'started')!.incarnation);
    const last = new Map(records.map(({ shard, sequence }) => [shard, sequence]));
    await eventually(async () => {
      const progress = await store.readProgress(life);
      return [...last].every(([shard, sequence]) => progress.get(shard)?.sequence === sequence);
    }, 'all is settled').catch(error => {
      throw new Error(`${error.message}; ${JSON.stringify(heir.lines.slice(-5))}; ${heir.errors()}`);
    });
    heir.child.kill('SIGTERM');
    expect(await heir.ended, heir.errors()).toBe(0);

    await expectSameValues(store, arrivals.slice(0, sent), records);
    const leases = await createDynamoLeaseStore({ client: dynamo, table: 'dev-leases' }).list(life);
    expect(leases.map(({ owner }) => owner)).toEqual(leases.map(() => null));
    expect(leases.filter(({ isDrained }) => isDrained).length).toBe(3);
    const changes = heir.lines.filter(line => line.kind === 'lease').map(line => line.change);
    expect(changes).toContain('taken-over');
    expect(changes).toContain('drained');
  } finally {
    for (const worker of [heir, victim]) worker?.child.kill('SIGKILL');
    await Promise.all([heir.ended, victim?.ended]);
    await proxy.stop();
  }
}

/** The rows of workers that were started with `--prefix dev-`. */
export const devStore = (dynamo: DynamoDBClient): StateStore =>
  createDynamoStateStore({
    client: dynamo,
    tableName: table => `dev-${table.replace('@', '.')}`,
    progressTable: 'dev-progress',
  });

/** What the store has of every entity is what one process makes of the records, shard by shard. */
export async function expectSameValues(
  store: StateStore,
  arrivals: readonly Arrival[],
  records: readonly LogRecord[],
): Promise<void> {
  const memory = createMemoryStateStore();
  const counts = await processFeed(memory, records);
  expect(counts.accepted).toBeGreaterThan(arrivals.length * 0.8);
  expect(counts.skipped).toBeGreaterThan(0);
  expect(counts.bad).toBeGreaterThan(0);
  const asOf = records.reduce((latest, { arrivalTime }) => Math.max(latest, arrivalTime), 0) + 1;
  const wanted = await feedValues(memory, arrivals, asOf);
  expect(differences(wanted, await feedValues(store, arrivals, asOf), 1e-9)).toEqual([]);
}
