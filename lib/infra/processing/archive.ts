import { Duration, Size } from 'aws-cdk-lib';
import type { CfnTable } from 'aws-cdk-lib/aws-glue';
import {
  DeliveryStream,
  EnableLogging,
  InputFormat,
  KinesisStreamSource,
  LambdaFunctionProcessor,
  OutputFormat,
  S3Bucket,
  SchemaConfiguration,
} from 'aws-cdk-lib/aws-kinesisfirehose';
import { Construct } from 'constructs';
import type { DeploymentContext } from '../context.ts';
import { archiveFailuresPrefix } from '../data/buckets.ts';
import { archiveOf } from '../data/catalog.ts';
import type { StoredData } from '../data/data-stack.ts';
import { secondsOf } from '../environment/index.ts';
import { createFunction } from '../function.ts';
import { createLog } from '../logs.ts';

/** A Firehose for each stream: every event with position and arrival, as Parquet in Hive's layout. */
export function createArchive(
  scope: Construct,
  context: DeploymentContext,
  { streams, buckets, catalog, key }: StoredData,
): ReadonlyMap<string, DeliveryStream> {
  const { environment } = context;
  const { every, mebibytes } = environment.archive;
  const parent = new Construct(scope, 'Archive');
  const rows = createFunction(parent, 'rows', context, {
    name: 'archive',
    description: 'puts position and arrival beside each event for the archive',
    settings: { memoryMebibytes: 1_769, timeout: { minutes: 1 }, reserved: null },
    variables: {},
    network: null,
    key,
  });
  const logGroup = createLog(parent, 'Log', environment, key);

  return new Map(
    [...streams].map(([name, { stream }]) => [
      name,
      new DeliveryStream(parent, name, {
        source: new KinesisStreamSource(stream),
        destination: new S3Bucket(buckets.lake, {
          dataOutputPrefix: `${archiveOf(name)}date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/`,
          errorOutputPrefix: `${archiveFailuresPrefix}stream=${name}/!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/`,
          bufferingInterval: Duration.seconds(secondsOf(every)),
          bufferingSize: Size.mebibytes(mebibytes),
          encryptionKey: key,
          loggingConfig: new EnableLogging(logGroup),
          processors: [
            new LambdaFunctionProcessor(rows, {
              // What comes back is larger than what goes in, and ends at 6 MB.
              bufferSize: Size.mebibytes(1),
              bufferInterval: Duration.seconds(60),
              retries: 3,
            }),
          ],
          dataFormatConversion: {
            schemaConfiguration: SchemaConfiguration.fromCfnTable(
              catalog.tables.get(name)!.node.defaultChild as CfnTable,
            ),
            inputFormat: InputFormat.OPENX_JSON,
            outputFormat: OutputFormat.PARQUET,
          },
        }),
      }),
    ]),
  );
}
