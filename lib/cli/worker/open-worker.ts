import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../../adapters/clock.ts';
import { createDynamoClient } from '../../adapters/dynamodb/client.ts';
import { createDynamoLeaseStore } from '../../adapters/dynamodb/lease-store.ts';
import { makeTable, missingTables } from '../../adapters/dynamodb/make-tables.ts';
import { createDynamoStateStore } from '../../adapters/dynamodb/state-store.ts';
import {
  dynamoRowLimits,
  leaseTable,
  progressTable,
  rowTable,
  type TableDefinition,
} from '../../adapters/dynamodb/tables.ts';
import { createKinesisClient } from '../../adapters/kinesis/client.ts';
import { createKinesisSource, kinesisLife } from '../../adapters/kinesis/shard-source.ts';
import { connectRedis } from '../../adapters/redis/client.ts';
import { createRedisStateStore } from '../../adapters/redis/state-store.ts';
import { parseRedisUrl } from '../../adapters/redis/url.ts';
import { createS3Quarantine } from '../../adapters/s3/quarantine.ts';
import { createS3UnappliedStore } from '../../adapters/s3/unapplied.ts';
import { systemTime } from '../../adapters/worker-time.ts';
import type { CompiledDefinitions } from '../../local/index.ts';
import { MillraceError } from '../../runtime/errors.ts';
import { tablesOf, timesToLive } from '../../runtime/plan-tables.ts';
import type { StateStore } from '../../runtime/ports.ts';
import { localRowLimits, type RowLimits } from '../../runtime/rows.ts';
import { createTransform } from '../../runtime/transform.ts';
import { runWorker, type WorkerEvent } from '../../runtime/worker/worker.ts';

export interface WorkerSettings {
  readonly definitions: CompiledDefinitions;
  /** The stream's name in the definitions. */
  readonly stream: string;
  /** Kinesis' name of it. */
  readonly kinesisStream: string;
  /** Names this life of the stream; null: by when it was made. */
  readonly incarnation: string | null;
  /** What the names of all tables begin with, and of Redis' keys. */
  readonly prefix: string;
  /** Where events go that cannot be processed. */
  readonly bucket: string;
  /** Where rows are kept instead of DynamoDB. */
  readonly redis: string | null;
  /** Whether tables that are missing are made. */
  readonly makeTables: boolean;
  readonly batchRecords: number;
  readonly windowMs: number;
  readonly leaseMs: number;
  readonly code: string;
}

export interface OpenWorker {
  readonly owner: string;
  readonly incarnation: string;
  /** Works until the signal is aborted and all batches in hand are done. */
  run(signal: AbortSignal, observe: (event: WorkerEvent) => void): Promise<void>;
  close(): Promise<void>;
}

/** Tables that a worker needs are not there. */
export class TablesMissingError extends MillraceError {
  override readonly name = 'TablesMissingError';
}

/**
 * Connects a worker to the parts of AWS that the SDK's environment names (region, credentials, endpoints). Rejects with
 * StoreErrors, and with TablesMissingError.
 */
export async function openWorker(settings: WorkerSettings): Promise<OpenWorker> {
  const { definitions, stream, kinesisStream: streamName, prefix } = settings;
  const { plan, functions } = definitions;
  const kinesis = createKinesisClient();
  const dynamo = createDynamoClient();
  const incarnation = settings.incarnation ?? (await kinesisLife({ client: kinesis, streamName }));

  const names = {
    leases: `${prefix}leases`,
    progress: `${prefix}progress`,
    rows: (table: string) => prefix + table.replace(/[@#]/g, '.'),
  };
  const needed = new Map<string, TableDefinition>([[names.leases, leaseTable]]);
  if (settings.redis === null) {
    needed.set(names.progress, progressTable);
    for (const { table, stream: of } of tablesOf(plan))
      if (of === stream) needed.set(names.rows(table), rowTable);
  }
  const missing = await missingTables(dynamo, [...needed.keys()]);
  if (missing.length > 0 && !settings.makeTables) {
    throw new TablesMissingError(
      `DynamoDB has no table ${missing.join(', ')}: deploy it, name another --prefix, or let --make-tables make it`,
    );
  }
  for (const name of missing) await makeTable(dynamo, name, needed.get(name)!);

  const state = await openState();
  const s3 = new S3Client({ forcePathStyle: hasOwnEndpoint() });
  const place = { client: s3, bucket: settings.bucket };
  const owner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;

  async function openState(): Promise<State> {
    if (settings.redis === null) {
      const store = createDynamoStateStore({
        client: dynamo,
        tableName: names.rows,
        progressTable: names.progress,
        ttlOf: timesToLive(plan),
      });
      return { store, limits: dynamoRowLimits, close: async () => {} };
    }
    const client = await connectRedis(parseRedisUrl(settings.redis));
    const store = createRedisStateStore({ client, ...(prefix === '' ? {} : { prefix }) });
    return { store, limits: localRowLimits, close: () => client.close() };
  }

  return {
    owner,
    incarnation,
    run: (signal, observe) =>
      runWorker({
        source: createKinesisSource({ client: kinesis, streamName }),
        leases: createDynamoLeaseStore({ client: dynamo, table: names.leases }),
        store: state.store,
        transform: createTransform({
          plan,
          functions,
          stream,
          incarnation,
          store: state.store,
          quarantine: createS3Quarantine({ ...place, prefix: 'quarantine/' }),
          unapplied: createS3UnappliedStore({ ...place, prefix: 'unapplied/' }),
          clock: systemClock,
          limits: state.limits,
          code: settings.code,
          guardAfterMs: 60_000,
        }),
        incarnation,
        owner,
        leaseMs: settings.leaseMs,
        shardsMs: 30_000,
        batchRecords: settings.batchRecords,
        windowMs: settings.windowMs,
        time: systemTime,
        signal,
        observe,
      }),
    async close() {
      await state.close();
      for (const client of [kinesis, dynamo, s3]) client.destroy();
    },
  };
}

interface State {
  readonly store: StateStore;
  readonly limits: RowLimits;
  close(): Promise<void>;
}

/** What stands in for AWS has no names for buckets in its DNS. */
const hasOwnEndpoint = (): boolean =>
  [process.env.AWS_ENDPOINT_URL_S3, process.env.AWS_ENDPOINT_URL].some(url => (url ?? '') !== '');
