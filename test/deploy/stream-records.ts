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

/** All that a Kinesis stream holds, by shard, in order. */
export async function readStream(
  client: KinesisClient,
  StreamName: string,
): Promise<ReadonlyMap<string, readonly StreamRecord[]>> {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName }));
  const records = new Map<string, readonly StreamRecord[]>();
  for (const { ShardId } of Shards) records.set(ShardId!, await readShard(client, StreamName, ShardId!));
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
