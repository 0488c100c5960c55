import { Duration } from 'aws-cdk-lib';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { EventSourceMapping, type IEventSourceDlq, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { setAsidePrefixes } from '../../adapters/s3/set-aside.ts';
import { tablesOf } from '../../runtime/plan-tables.ts';
import { acknowledgeObjects } from '../acknowledge.ts';
import type { DeploymentContext } from '../context.ts';
import type { StoredData } from '../data/data-stack.ts';
import { type Duration as Length, secondsOf } from '../environment/index.ts';
import { type CreatedFunction, createLiveFunction, type LiveFunction } from '../function.ts';
import { allow, allowKey } from '../permissions.ts';

export interface DeployedTransform extends LiveFunction {
  readonly mapping: EventSourceMapping;
}

/** The function that folds a stream's events into rows, and the mapping that gives them to it. */
export function createTransform(
  scope: Construct,
  context: DeploymentContext,
  stored: StoredData,
  name: string,
): DeployedTransform {
  const { environment, plan } = context;
  const { stream, incarnation, settings } = stored.streams.get(name)!;
  const { buckets, network, key, cache } = stored;
  const { rows, progress, control } = stored.tables;
  const tables = tablesOf(plan)
    .filter(table => table.stream === name)
    .map(({ table }) => rows.get(table)!);

  const transform = createLiveFunction(scope, `transform-${name}`, context, {
    name: 'transform',
    description: `folds events of ${name} into feature rows`,
    settings: environment.functions.transform,
    network,
    key,
    noDeadLetters: 'Its mapping has a destination for batches that no retry could save.',
    variables: {
      MILLRACE_STREAM: name,
      MILLRACE_INCARNATION: incarnation,
      MILLRACE_BUCKET: buckets.setAside.bucket.bucketName,
      MILLRACE_PROGRESS_TABLE: progress.tableName,
      MILLRACE_CONTROL_TABLE: control.tableName,
      MILLRACE_RETENTION_HOURS: String(secondsOf(settings.retention) / 3_600),
      ...(cache === null ? {} : { MILLRACE_CACHE_URL: cache.url }),
    },
  });
  allowTables(transform, [...tables, ...stored.tables.retired], progress, control);
  allowKey(transform.role, key, environment, 'writeDynamodb');
  allowSetAside(transform, stored, context);
  allow(transform.role, readStream, [stream.streamArn]);
  if (stream.encryptionKey !== undefined)
    allowKey(transform.role, stream.encryptionKey, environment, 'readKinesis');

  const mapping = new EventSourceMapping(scope, `events-${name}`, {
    target: transform.live,
    eventSourceArn: stream.streamArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: settings.batch.records,
    maxBatchingWindow: Duration.seconds(secondsOf(settings.batch.window)),
    // A shard's batches in order, one at a time: rows' marks are the last applied position of each shard.
    parallelizationFactor: 1,
    reportBatchItemFailures: true,
    bisectBatchOnError: true,
    retryAttempts: -1,
    ...oldestRetried(settings.retention),
    onFailure: destinationOf(stored),
  });
  // Lambda tries to read the stream when it makes the mapping.
  mapping.node.addDependency(transform.role);
  return { ...transform, mapping };
}

function allowTables(
  { role }: CreatedFunction,
  rows: readonly ITableV2[],
  progress: ITableV2,
  control: ITableV2,
): void {
  allow(
    role,
    ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:BatchWriteItem'],
    rows.map(table => table.tableArn),
  );
  allow(role, ['dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:PutItem'], [progress.tableArn]);
  allow(role, ['dynamodb:GetItem'], [control.tableArn]);
}

/** Under these prefixes the function itself puts events, and Lambda, with the function's role, batches. */
function allowSetAside(
  { role }: CreatedFunction,
  { buckets, key }: StoredData,
  context: DeploymentContext,
): void {
  const { environment } = context;
  for (const [prefix, what] of Object.entries(setAside)) {
    allow(role, ['s3:PutObject'], [`${buckets.setAside.arn}/${prefix}*`]);
    acknowledgeObjects(
      role,
      `{"Fn::GetStackOutput":{"StackName":"Millrace-${environment.name}-Data","OutputName":"SetAsideArn"}}/${prefix}*`,
      `${what}: their names are made of position and time.`,
    );
  }
  allow(role, ['s3:ListBucket'], [buckets.setAside.arn]);
  allowKey(role, key, environment, 'writeS3');
}

const setAside = {
  [setAsidePrefixes.quarantine]: 'Bad events',
  [setAsidePrefixes.unapplied]: 'Events that a row cannot take',
  'aws/lambda/': 'Batches that the mapping gives up on',
};

const readStream = [
  'kinesis:DescribeStream',
  'kinesis:DescribeStreamSummary',
  'kinesis:GetRecords',
  'kinesis:GetShardIterator',
  'kinesis:ListShards',
];

/** CDK's own would let the function read and delete all that is in the bucket. */
const destinationOf = ({ buckets }: StoredData): IEventSourceDlq => ({
  bind: () => ({ destination: buckets.setAside.bucket.bucketArn }),
});

/**
 * Until the stream itself drops a record it is tried again. Shortly before, Lambda puts the batch into the bucket, as the
 * last resort; it can count to seven days, and in a stream that keeps more it tries to the end.
 */
function oldestRetried(retention: Length): { readonly maxRecordAge?: Duration } {
  const seconds = secondsOf(retention);
  return seconds > 7 * 86_400 ? {} : { maxRecordAge: Duration.seconds(seconds - 300) };
}
