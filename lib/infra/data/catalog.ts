import type { RemovalPolicy } from 'aws-cdk-lib';
import { Database, DataFormat, S3Table, S3TableStorage, Schema } from 'aws-cdk-lib/aws-glue';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { DeploymentContext } from '../context.ts';
import { archivePrefix } from './buckets.ts';

export interface Catalog {
  readonly database: Database;
  /** The archive of each stream, by its name in the definitions. */
  readonly tables: ReadonlyMap<string, S3Table>;
}

/** Where a stream's files are: `events/stream=plays/date=2026-01-31/hour=07/`. */
export const archiveOf = (stream: string): string => `${archivePrefix}stream=${stream}/`;

/**
 * The archive as tables, which Athena and Spark read and Firehose writes by. An event is kept as the text that it was: no
 * change of a schema touches what is archived, and no number loses digits.
 */
export function createCatalog(
  scope: Construct,
  { environment, plan }: DeploymentContext,
  lake: IBucket,
  removalPolicy: RemovalPolicy,
): Catalog {
  const database = new Database(scope, 'Catalog', {
    description: `Millrace ${environment.name}: archived events`,
  });
  // CDK keeps a database unless it is told.
  database.applyRemovalPolicy(removalPolicy);
  const tables = new Construct(scope, 'Archive');
  return {
    database,
    tables: new Map(
      plan.streams.map(({ name }) => [
        name,
        new S3Table(tables, name, {
          database,
          description: `Events of the stream ${name} as they arrived, at least once each`,
          storage: S3TableStorage.fromBucket(lake),
          s3Prefix: archiveOf(name),
          dataFormat: DataFormat.PARQUET,
          columns: archiveColumns,
          partitionKeys: [
            { name: 'date', type: Schema.STRING },
            { name: 'hour', type: Schema.STRING },
          ],
        }),
      ]),
    ),
  };
}

/** What functions/archive writes. */
const archiveColumns = [
  { name: 'shard', type: Schema.STRING },
  { name: 'sequence', type: Schema.STRING, comment: 'up to 128 digits' },
  { name: 'index', type: Schema.INTEGER, comment: 'place in a record of several events; null where alone' },
  { name: 'arrival_time', type: Schema.BIG_INT, comment: 'ms since 1970' },
  { name: 'event', type: Schema.STRING, comment: 'the text that was sent; null where it is no text' },
  { name: 'bytes', type: Schema.STRING, comment: 'base64 of what was sent, where it is no text' },
];
