import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { createDynamoClient } from '../../lib/adapters/dynamodb/client.ts';
import { createDynamoStateStore } from '../../lib/adapters/dynamodb/state-store.ts';
import { createKinesisClient } from '../../lib/adapters/kinesis/client.ts';
import { openSetAside } from '../../lib/adapters/s3/set-aside.ts';
import type { Quarantine, StateStore, UnappliedStore } from '../../lib/runtime/ports.ts';
import type { Deployment } from './deployment.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import { type Connection, type SendSigned, signedRequests } from './signed-requests.ts';
import { readStream, type StreamRecord } from './stream-records.ts';

/** A deployed environment as seen from outside, by who may look into everything. */
export interface World {
  readonly deployment: Deployment;
  readonly http: HttpClient;
  readonly send: SendSigned;
  readonly store: StateStore;
  readonly quarantine: Quarantine;
  readonly unapplied: UnappliedStore;
  readonly kinesis: KinesisClient;
  readonly dynamo: DynamoDBClient;
  readonly s3: S3Client;
  /** All that its stream holds, or some of its shards. */
  records(shards?: readonly string[]): Promise<ReadonlyMap<string, readonly StreamRecord[]>>;
  close(): void;
}

export function openWorld(connection: Connection, deployment: Deployment): World {
  const send = signedRequests(connection);
  const kinesis = createKinesisClient(connection);
  const dynamo = createDynamoClient(connection);
  const s3 = new S3Client({ ...connection, forcePathStyle: true });
  const { bucket, active, progressTable, streamName, apiPath } = deployment;
  return {
    deployment,
    send,
    http: createHttpClient(send, apiPath),
    store: createDynamoStateStore({
      client: dynamo,
      tableName: table => active.tables[table]!,
      progressTable,
    }),
    ...openSetAside(s3, bucket),
    kinesis,
    dynamo,
    s3,
    records: shards => readStream(kinesis, streamName, shards),
    close() {
      for (const client of [kinesis, dynamo, s3]) client.destroy();
    },
  };
}

/** Resolves when the deployed functions have processed all that the stream holds now. Throws after `limitMs`. */
export async function untilProcessed(
  { records, store, deployment }: World,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, readonly StreamRecord[]>> {
  const held = await records();
  const end = performance.now() + limitMs;
  for (;;) {
    signal.throwIfAborted();
    const progress = await store.readProgress(deployment.streamName);
    const behind = [...held].filter(([shard, list]) => {
      const last = list.at(-1);
      return last !== undefined && BigInt(progress.get(shard)?.sequence ?? 0) < last.sequence;
    });
    if (behind.length === 0) return held;
    if (performance.now() > end) {
      const shards = behind.map(([shard]) => shard).join(', ');
      throw new Error(`after ${limitMs / 1000} s these shards were not processed to their ends: ${shards}`);
    }
    await new Promise(resolve => setTimeout(resolve, 200));
  }
}
