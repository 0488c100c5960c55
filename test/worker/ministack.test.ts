import { CreateStreamCommand, waitUntilStreamExists } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect, onTestFinished, test } from 'vitest';
import { arrivalBytes } from '../../features/feed/generator/index.ts';
import { createKinesisClient } from '../../lib/adapters/kinesis/client.ts';
import { createKinesisProducer } from '../../lib/adapters/kinesis/producer.ts';
import { createKinesisSource } from '../../lib/adapters/kinesis/shard-source.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { testClient } from '../adapters/dynamodb/support.ts';
import { noMinistack, startMinistack } from '../adapters/ministack/server.ts';
import { feedArrivalsUntil } from '../support/feed-values.ts';
import { devStore, expectSameValues } from './killed-worker.ts';
import { eventually, spawnWorker } from './spawn-worker.ts';

const StreamName = 'dev-interactions';

/**
 * MiniStack pads sequence numbers with zeros, and so finds nothing behind one of ours; it forgets a shard that is split, with
 * its records. So here nothing is resumed and nothing is split: the scripted stream of wire.test.ts does that.
 */
test('on a local AWS that others wrote, a worker makes its tables and counts every event once', async context => {
  context.skip(noMinistack !== undefined, noMinistack);
  const ministack = await startMinistack();
  const { connection } = ministack;
  const kinesis = createKinesisClient(connection);
  const dynamo = testClient(connection.endpoint);
  const s3 = new S3Client({ ...connection, forcePathStyle: true });
  onTestFinished(async () => {
    for (const client of [kinesis, dynamo, s3]) client.destroy();
    await ministack.stop();
  });
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }));
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { StreamName });
  await s3.send(new CreateBucketCommand({ Bucket: 'lake' }));

  const arrivals = feedArrivalsUntil(Date.now(), 1_000);
  const producer = createKinesisProducer({ client: kinesis, streamName: StreamName });
  const put = async (from: number, to: number): Promise<void> => {
    const events = arrivals.slice(from, to).map(arrival => ({
      partitionKey: arrival.event.user,
      data: arrivalBytes(arrival),
    }));
    for (let i = 0; i < events.length; i += 50) await producer.append(events.slice(i, i + 50));
  };
  await put(0, 500);
  const worker = spawnWorker(
    [
      ...['--features', 'features/feed/index.ts', '--prefix', 'dev-', '--bucket', 'lake', '--make-tables'],
      ...['--window', '200', '--report', '1', '--batch', '5'],
    ],
    { AWS_ENDPOINT_URL: connection.endpoint },
  );
  onTestFinished(() => void worker.child.kill('SIGKILL'));
  await eventually(() => worker.shards().length === 2, `it has both shards: ${worker.errors()}`);
  await put(500, 1_000);

  const source = createKinesisSource({ client: kinesis, streamName: StreamName });
  const records: LogRecord[] = [];
  for (const { id } of await source.shards())
    records.push(...(await source.open(id, null).read(10_000)).records);
  const last = new Map(records.map(({ shard, sequence }) => [shard, sequence]));
  expect(last.size).toBe(2);
  const life = String(worker.lines[0]!.incarnation);
  const store = devStore(dynamo);
  await eventually(async () => {
    const progress = await store.readProgress(life);
    return [...last].every(([shard, sequence]) => progress.get(shard)?.sequence === sequence);
  }, `all is settled: ${worker.errors()}`);
  worker.child.kill('SIGTERM');
  expect(await worker.ended, worker.errors()).toBe(0);
  expect(worker.errors()).not.toContain('trying again');

  await expectSameValues(store, arrivals, records);
  const { Contents = [] } = await s3.send(
    new ListObjectsV2Command({ Bucket: 'lake', Prefix: 'quarantine/' }),
  );
  expect(Contents.length).toBeGreaterThan(3);
}, 300_000);
