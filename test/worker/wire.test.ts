import { expect, onTestFinished, test } from 'vitest';
import { createRedisStateStore } from '../../lib/adapters/redis/state-store.ts';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { testClient } from '../adapters/dynamodb/support.ts';
import { noRedis, startRedis } from '../adapters/redis/server.ts';
import { startKinesisServer } from '../support/kinesis-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { killedWorker, type Parts } from './killed-worker.ts';

async function startParts(): Promise<Parts & { readonly quarantined: () => readonly string[] }> {
  const [kinesis, s3, dynamo] = await Promise.all([
    startKinesisServer({ shards: 2 }),
    startS3Server({ pageSize: 1_000 }),
    startDynalite(),
  ]);
  const client = testClient(dynamo.url);
  onTestFinished(async () => {
    client.destroy();
    await Promise.all([kinesis.close(), s3.close(), dynamo.stop()]);
  });
  return {
    kinesis: kinesis.client,
    dynamo: client,
    dynamoUrl: dynamo.url,
    environment: { AWS_ENDPOINT_URL_KINESIS: kinesis.endpoint, AWS_ENDPOINT_URL_S3: s3.endpoint },
    async split() {
      kinesis.split('shardId-000000000000');
    },
    async merge() {
      kinesis.merge('shardId-000000000003', 'shardId-000000000001');
    },
    stored: async () => [...kinesis.stored.values()].flat(),
    quarantined: () => [...s3.objects.keys()],
  };
}

test('a worker is killed while it works, the stream is split and merged: every event counts once', async () => {
  const parts = await startParts();
  await killedWorker(parts, 1_600);
  expect(parts.quarantined().length).toBeGreaterThan(5);
}, 300_000);

test('the same with rows in Redis', async context => {
  context.skip(noRedis !== undefined, noRedis);
  const redis = await startRedis();
  onTestFinished(() => redis.dispose());
  const client = await redis.connect();
  const store = createRedisStateStore({ client, prefix: 'dev-' });
  await killedWorker(
    { ...(await startParts()), redis: { url: `redis://127.0.0.1:${redis.port}`, store } },
    1_600,
  );
  await client.close();
}, 300_000);
