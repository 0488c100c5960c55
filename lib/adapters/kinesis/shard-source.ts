import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  type _Record as Record,
} from '@aws-sdk/client-kinesis';
import { hour } from '../../kernel/time.ts';
import { StoreError } from '../../runtime/errors.ts';
import type { LogRecord } from '../../runtime/ports.ts';
import type { ShardReader, ShardSource, StreamShard } from '../../runtime/worker/ports.ts';
import { failureOf } from './put-records.ts';

export interface KinesisSourceOptions {
  /** With no retries of its own: `createKinesisClient`. */
  readonly client: KinesisClient;
  readonly streamName: string;
  /** ms without an answer after which a request is given up; 10,000 if not given. */
  readonly timeoutMs?: number;
}

/** A Kinesis stream's shards, read as all consumers without a fan-out of their own do: together 2 MB/s and five reads/s. */
export function createKinesisSource({
  client,
  streamName,
  timeoutMs = 10_000,
}: KinesisSourceOptions): ShardSource {
  const signal = () => ({ abortSignal: AbortSignal.timeout(timeoutMs) });

  function createReader(shard: string, after: number | bigint | null): ShardReader {
    const what = `stream ${streamName}, ${shard}`;
    let last = after;
    let iterator: string | undefined;
    let isEnd = false;

    const iteratorAfterLast = async (): Promise<string | undefined> => {
      const command = new GetShardIteratorCommand({
        StreamName: streamName,
        ShardId: shard,
        ...(last === null
          ? { ShardIteratorType: 'TRIM_HORIZON' }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: last.toString() }),
      });
      return (await client.send(command, signal())).ShardIterator;
    };

    const page = async (limit: number) => {
      iterator ??= await iteratorAfterLast();
      const answer = await client.send(
        new GetRecordsCommand({ ShardIterator: iterator, Limit: Math.min(limit, mostRecords) }),
        signal(),
      );
      const records = (answer.Records ?? []).map(record => recordOf(shard, record));
      last = records.at(-1)?.sequence ?? last;
      iterator = answer.NextShardIterator ?? undefined;
      isEnd = iterator === undefined;
      return { records, isEnd, behindMs: answer.MillisBehindLatest ?? 0 };
    };

    return {
      async read(limit) {
        if (isEnd) return { records: [], behindMs: 0, isEnd };
        try {
          return await page(limit).catch((error: Error) => {
            // An iterator lives for five minutes: a batch that took longer leaves an old one.
            if (error.name !== 'ExpiredIteratorException') throw error;
            iterator = undefined;
            return page(limit);
          });
        } catch (error) {
          throw storeErrorOf(error as Error, what);
        }
      },
    };
  }

  return {
    async shards() {
      const shards: StreamShard[] = [];
      let input: ListShardsCommandInput = { StreamName: streamName };
      for (;;) {
        const command = new ListShardsCommand(input);
        const { Shards = [], NextToken } = await client.send(command, signal()).catch((error: Error) => {
          throw storeErrorOf(error, `stream ${streamName}`);
        });
        for (const { ShardId, ParentShardId, AdjacentParentShardId } of Shards) {
          const parents = [ParentShardId, AdjacentParentShardId].filter(parent => parent !== undefined);
          shards.push({ id: ShardId!, parents });
        }
        if (NextToken === undefined) return shards;
        // A token stands for all else that was asked, which must not be repeated beside it.
        input = { NextToken };
      }
    },
    open: createReader,
  };
}

export interface KinesisStream {
  /** Names the stream's present life: another one after it was deleted and made again, when its positions begin anew. */
  readonly life: string;
  /** For how long (ms) it keeps records. */
  readonly retentionMs: number;
}

/** What Kinesis says of a stream. Rejects with a StoreError. */
export async function describeKinesisStream({
  client,
  streamName,
  timeoutMs = 10_000,
}: KinesisSourceOptions): Promise<KinesisStream> {
  const command = new DescribeStreamSummaryCommand({ StreamName: streamName });
  const answer = await client
    .send(command, { abortSignal: AbortSignal.timeout(timeoutMs) })
    .catch((error: Error) => {
      throw storeErrorOf(error, `stream ${streamName}`);
    });
  const { StreamCreationTimestamp, RetentionPeriodHours } = answer.StreamDescriptionSummary!;
  // In whole seconds, as not every answer has more.
  const made = new Date(Math.floor(StreamCreationTimestamp!.getTime() / 1000) * 1000);
  return {
    life: `${streamName}@${made.toISOString().slice(0, 19)}Z`,
    retentionMs: RetentionPeriodHours! * hour,
  };
}

function recordOf(shard: string, { SequenceNumber, ApproximateArrivalTimestamp, Data }: Record): LogRecord {
  return {
    shard,
    sequence: BigInt(SequenceNumber!),
    arrivalTime: ApproximateArrivalTimestamp!.getTime(),
    data: Data ?? new Uint8Array(),
  };
}

/** Kinesis gives no more at once. */
const mostRecords = 10_000;

function storeErrorOf(error: Error, what: string): StoreError {
  const { failed, message } = failureOf(error);
  const advice =
    failed === 'refused' ? '. Trying again will not help: see to the name, the region, the role' : '';
  return new StoreError(
    failed === 'throttled' ? 'throttled' : 'unavailable',
    `${what}: ${message}${advice}`,
    {
      cause: error,
    },
  );
}
