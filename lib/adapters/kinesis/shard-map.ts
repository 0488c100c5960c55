import { createHash } from 'node:crypto';
import { type KinesisClient, ListShardsCommand, type ListShardsCommandInput } from '@aws-sdk/client-kinesis';

/** Which shard takes a hash key (32 hexadecimal digits), as the stream was when it was asked. */
export type ShardMap = (hashKey: string) => string;

/** Where Kinesis puts a partition key: its MD5, as 32 hexadecimal digits, which sort as the numbers do. */
export const hashKeyOf = (partitionKey: string): string =>
  createHash('md5').update(partitionKey).digest('hex');

/** Asks the stream for its open shards. Rejects with the SDK's errors, or when `timeoutMs` is over. */
export async function loadShardMap(
  client: KinesisClient,
  { streamName, timeoutMs }: { readonly streamName: string; readonly timeoutMs: number },
): Promise<ShardMap> {
  const abortSignal = AbortSignal.timeout(timeoutMs);
  const shards: { readonly id: string; readonly start: string }[] = [];
  let input: ListShardsCommandInput = { StreamName: streamName, ShardFilter: { Type: 'AT_LATEST' } };
  for (;;) {
    const { Shards = [], NextToken } = await client.send(new ListShardsCommand(input), { abortSignal });
    for (const { ShardId, HashKeyRange, SequenceNumberRange } of Shards) {
      if (SequenceNumberRange?.EndingSequenceNumber !== undefined) continue;
      shards.push({ id: ShardId!, start: hexOf(HashKeyRange!.StartingHashKey!) });
    }
    if (NextToken === undefined) break;
    // A token stands for all else that was asked, which must not be repeated beside it.
    input = { NextToken };
  }
  if (shards.length === 0) throw new Error(`stream ${streamName} has no open shard`);
  shards.sort((a, b) => (a.start < b.start ? -1 : 1));
  return hashKey => {
    let low = 0;
    for (let high = shards.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (shards[middle]!.start <= hashKey) low = middle;
      else high = middle;
    }
    return shards[low]!.id;
  };
}

const hexOf = (decimal: string): string => BigInt(decimal).toString(16).padStart(32, '0');
