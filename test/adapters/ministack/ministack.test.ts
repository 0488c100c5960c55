import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  SplitShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createKinesisClient } from '../../../lib/adapters/kinesis/client.ts';
import { createKinesisProducer } from '../../../lib/adapters/kinesis/producer.ts';
import type { ObjectPlace } from '../../../lib/adapters/s3/objects.ts';
import { createS3Quarantine } from '../../../lib/adapters/s3/quarantine.ts';
import { createS3UnappliedStore } from '../../../lib/adapters/s3/unapplied.ts';
import { unpackRecords } from '../../../lib/runtime/unpack-records.ts';
import type { Subject } from '../../conformance/harness.ts';
import { quarantineConformance } from '../../conformance/quarantine.ts';
import { unappliedConformance } from '../../conformance/unapplied.ts';
import { type Ministack, noMinistack, startMinistack } from './server.ts';

/** The adapters against a local AWS that others wrote. */
describe('on MiniStack', () => {
  if (noMinistack !== undefined) {
    test('S3 and Kinesis', context => context.skip(true, noMinistack));
    return;
  }

  let ministack: Ministack;
  beforeAll(async () => {
    ministack = await startMinistack();
  }, 40_000);
  afterAll(() => ministack?.stop());

  let buckets = 0;
  async function s3Subject<Adapter>(open: (place: ObjectPlace) => Adapter): Promise<Subject<Adapter>> {
    const client = new S3Client({ ...ministack.connection, forcePathStyle: true });
    const place = { client, bucket: `lake-${buckets++}`, prefix: 'set-aside/' };
    await client.send(new CreateBucketCommand({ Bucket: place.bucket }));
    return {
      adapter: open(place),
      reopen: async () => open(place),
      dispose: async () => client.destroy(),
    };
  }
  quarantineConformance('s3', () => s3Subject(createS3Quarantine), { keepsBothReasons: true });
  unappliedConformance('s3', () => s3Subject(createS3UnappliedStore));

  test('every event that the producer has put is where it says, after a split too', async () => {
    const client = createKinesisClient(ministack.connection);
    const StreamName = 'plays';
    await client.send(new CreateStreamCommand({ StreamName, ShardCount: 3 }));
    await waitUntilStreamExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { StreamName });
    const producer = createKinesisProducer({ client, streamName: StreamName });
    const events = Array.from({ length: 2_000 }, (_, n) => ({
      partitionKey: `k${n % 97}`,
      data: Buffer.from(JSON.stringify({ n, filling: 'x'.repeat(150) })),
    }));

    async function stored(shard: string): Promise<(readonly [string, string])[]> {
      const type = { StreamName, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' } as const;
      const { ShardIterator } = await client.send(new GetShardIteratorCommand(type));
      const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }));
      const records = Records.map(({ SequenceNumber, Data }) => ({
        shard,
        sequence: BigInt(SequenceNumber!),
        arrivalTime: 0,
        data: Data!,
      }));
      return unpackRecords(records).map(
        ({ sequence, index = 0, data }) =>
          [`${shard}/${sequence}/${index}`, Buffer.from(data).toString()] as const,
      );
    }

    async function putAndCheck(): Promise<ReadonlySet<string>> {
      const outcomes = await producer.append(events);
      const accepted = outcomes.filter(o => o.status === 'accepted');
      const shards = new Set(accepted.map(o => o.shard));
      const texts = new Map((await Promise.all([...shards].map(stored))).flat());
      expect(accepted.map(o => texts.get(`${o.shard}/${o.sequence}/${o.index}`))).toEqual(
        events.map(({ data }) => data.toString()),
      );
      return shards;
    }

    expect((await putAndCheck()).size).toBe(3);
    const middle = (2n ** 128n / 6n).toString();
    const split = { StreamName, ShardToSplit: 'shardId-000000000000', NewStartingHashKey: middle };
    await client.send(new SplitShardCommand(split));
    expect([...(await putAndCheck())]).not.toContain('shardId-000000000000');
    client.destroy();
  }, 30_000);
});
