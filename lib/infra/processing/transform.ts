import { Duration } from 'aws-cdk-lib';
import { type Function as LambdaFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { KinesisEventSource, S3OnFailureDestination } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Construct } from 'constructs';
import { tablesOf } from '../../runtime/plan-tables.ts';
import type { DeploymentContext } from '../context.ts';
import type { StoredData } from '../data/data-stack.ts';
import { type Duration as Length, secondsOf } from '../environment/index.ts';
import { createFunction } from '../function.ts';
import { physicalNames } from '../physical-names.ts';

export interface DeployedTransform {
  readonly function: LambdaFunction;
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
  const { buckets, network, key } = stored;
  const { progress, control } = stored.tables;
  const tables = new Map(
    tablesOf(plan)
      .filter(table => table.stream === name)
      .map(({ table }) => [table, stored.tables.rows.get(table)!]),
  );

  const transform = createFunction(scope, `transform-${name}`, context, {
    name: 'transform',
    description: `folds events of ${name} into feature rows`,
    settings: environment.functions.transform,
    network,
    key,
    variables: {
      MILLRACE_STREAM: name,
      MILLRACE_INCARNATION: incarnation,
      MILLRACE_BUCKET: buckets.setAside.bucketName,
      MILLRACE_TABLES: physicalNames(scope, tables),
      MILLRACE_PROGRESS_TABLE: progress.tableName,
      MILLRACE_CONTROL_TABLE: control.tableName,
      MILLRACE_RETENTION_HOURS: String(secondsOf(settings.retention) / 3_600),
    },
  });
  for (const table of tables.values()) {
    table.grant(transform, 'dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:BatchWriteItem');
  }
  control.grant(transform, 'dynamodb:GetItem');
  progress.grant(transform, 'dynamodb:Query', 'dynamodb:GetItem', 'dynamodb:PutItem');
  buckets.setAside.grantPut(transform, 'quarantine/*');
  buckets.setAside.grantPut(transform, 'unapplied/*');

  transform.addEventSource(
    new KinesisEventSource(stream, {
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: settings.batch.records,
      maxBatchingWindow: Duration.seconds(secondsOf(settings.batch.window)),
      // A shard's batches in order, one at a time: rows' marks are the last applied position of each shard.
      parallelizationFactor: 1,
      reportBatchItemFailures: true,
      bisectBatchOnError: true,
      retryAttempts: -1,
      ...oldestRetried(settings.retention),
      onFailure: new S3OnFailureDestination(buckets.setAside),
    }),
  );
  return { function: transform };
}

/**
 * Until the stream itself drops a record it is tried again. Shortly before, Lambda puts the batch into the bucket, as the
 * last resort; it can count to seven days, and in a stream that keeps more it tries to the end.
 */
function oldestRetried(retention: Length): { readonly maxRecordAge?: Duration } {
  const seconds = secondsOf(retention);
  return seconds > 7 * 86_400 ? {} : { maxRecordAge: Duration.seconds(seconds - 300) };
}
