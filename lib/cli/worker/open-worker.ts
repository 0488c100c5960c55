import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../../adapters/clock.ts';
import { createDynamoClient } from '../../adapters/dynamodb/client.ts';
import { createDynamoLeaseStore } from '../../adapters/dynamodb/lease-store.ts';
import { makeTable, missingTables } from '../../adapters/dynamodb/make-tables.ts';
import { leaseTable, progressTable, rowTable, type TableDefinition } from '../../adapters/dynamodb/tables.ts';
import { createKinesisClient } from '../../adapters/kinesis/client.ts';
import { createKinesisSource, describeKinesisStream } from '../../adapters/kinesis/shard-source.ts';
import { openSetAside } from '../../adapters/s3/set-aside.ts';
import { systemTime } from '../../adapters/worker-time.ts';
import type { CompiledDefinitions } from '../../local/index.ts';
import { MillraceError } from '../../runtime/errors.ts';
import { tablesOf } from '../../runtime/plan-tables.ts';
import { createTransform } from '../../runtime/transform.ts';
import { runWorker, type WorkerEvent } from '../../runtime/worker/worker.ts';
import { openRows, tableNameOf } from './open-rows.ts';
import type { WorkerPlace } from './place.ts';

export interface WorkerSettings {
  readonly definitions: CompiledDefinitions;
  /** The stream's name in the definitions. */
  readonly stream: string;
  readonly place: WorkerPlace;
  /** Whether tables that are missing are made. */
  readonly makeTables: boolean;
  readonly batchRecords: number;
  readonly windowMs: number;
  readonly leaseMs: number;
  /** Of this code. */
  readonly version: string;
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
  const { definitions, stream, place, version } = settings;
  const kinesis = createKinesisClient();
  const dynamo = createDynamoClient();
  const s3 = new S3Client({ forcePathStyle: hasOwnEndpoint(), requestHandler: impatient });
  const streamName = place.kinesisStream;
  const { life, retentionMs } = await describeKinesisStream({ client: kinesis, streamName });
  const incarnation = place.incarnation ?? life;

  const tables = tablesFor(settings);
  const missing = await missingTables(dynamo, [...tables.keys()]);
  if (missing.length > 0 && !settings.makeTables) {
    throw new TablesMissingError(
      `DynamoDB has no table ${missing.join(', ')}: deploy it, name another --prefix, or let --make-tables make it`,
    );
  }
  for (const name of missing) await makeTable(dynamo, name, tables.get(name)!);

  const rows = await openRows(place.rows, {
    definitions,
    dynamo,
    retentionMs,
    makeTransform: parts =>
      createTransform({
        ...parts,
        functions: definitions.functions,
        stream,
        incarnation,
        ...openSetAside(s3, place.bucket),
        clock: systemClock,
        code: `${parts.plan.hash}/${version}`,
        guardAfterMs: 60_000,
      }),
  });
  const owner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;

  return {
    owner,
    incarnation,
    run: (signal, observe) =>
      runWorker({
        source: createKinesisSource({ client: kinesis, streamName }),
        leases: createDynamoLeaseStore({ client: dynamo, table: place.leaseTable }),
        store: rows.store,
        transform: rows.transform,
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
      await rows.close();
      for (const client of [kinesis, dynamo, s3]) client.destroy();
    },
  };
}

/** The tables that the worker sees to, by name. Those of a deployed environment are its stacks'. */
function tablesFor({
  definitions: { plan },
  stream,
  place: { leaseTable: leases, rows },
}: WorkerSettings): ReadonlyMap<string, TableDefinition> {
  if (rows.kind === 'deployed') return new Map();
  const tables = new Map<string, TableDefinition>([[leases, leaseTable]]);
  if (rows.kind === 'redis') return tables;
  tables.set(rows.progressTable, progressTable);
  for (const { table, stream: of } of tablesOf(plan))
    if (of === stream) tables.set(tableNameOf(rows.prefix, table), rowTable);
  return tables;
}

/** The SDK would wait for an answer for ever, and the shard with it. */
const impatient = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

/** What stands in for AWS has no names for buckets in its DNS. */
const hasOwnEndpoint = (): boolean =>
  [process.env.AWS_ENDPOINT_URL_S3, process.env.AWS_ENDPOINT_URL].some(url => (url ?? '') !== '');
