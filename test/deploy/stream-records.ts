import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import type { LogRecord } from '../../lib/runtime/ports.ts';

/** A record as Kinesis gives it out, with what a mapping hands on. */
export interface StreamRecord extends LogRecord {
  readonly sequence: bigint;
  readonly partitionKey: string;
}

/** All that a Kinesis stream holds, by shard, in order; or some of its shards. */
export async function readStream(
  client: KinesisClient,
  StreamName: string,
  some?: readonly string[],
): Promise<ReadonlyMap<string, readonly StreamRecord[]>> {
  const { Shards = [] } = some ? {} : await client.send(new ListShardsCommand({ StreamName }));
  const records = new Map<string, readonly StreamRecord[]>();
  for (const shard of some ?? Shards.map(({ ShardId }) => ShardId!))
    records.set(shard, await readShard(client, StreamName, shard));
  return records;
}

async function readShard(client: KinesisClient, StreamName: string, shard: string) {
  const records: StreamRecord[] = [];
  const from = { StreamName, ShardId: shard, ShardIteratorType: 'TRIM_HORIZON' } as const;
  let { ShardIterator } = await client.send(new GetShardIteratorCommand(from));
  while (ShardIterator !== undefined) {
    const answer = await client.send(new GetRecordsCommand({ ShardIterator, Limit: 10_000 }));
    for (const { SequenceNumber, ApproximateArrivalTimestamp, Data, PartitionKey } of answer.Records ?? [])
      records.push({
        shard,
        sequence: BigInt(SequenceNumber!),
        arrivalTime: ApproximateArrivalTimestamp!.getTime(),
        data: Data!,
        partitionKey: PartitionKey!,
      });
    if (answer.MillisBehindLatest === 0 && (answer.Records ?? []).length === 0) break;
    ShardIterator = answer.NextShardIterator;
  }
  return records;
}
