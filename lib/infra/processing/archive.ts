import { Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import { type LogGroup, LogStream } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge, acknowledgeObjects } from '../acknowledge.ts';
import type { DeploymentContext } from '../context.ts';
import { archiveFailuresPrefix } from '../data/buckets.ts';
import { archiveOf } from '../data/catalog.ts';
import type { StoredData } from '../data/data-stack.ts';
import { secondsOf } from '../environment/index.ts';
import { createLiveFunction, type LiveFunction } from '../function.ts';
import { createLog } from '../logs.ts';
import { allow, allowKey } from '../permissions.ts';

export interface Archive {
  /** By the stream's name in the definitions. */
  readonly deliveries: ReadonlyMap<string, CfnDeliveryStream>;
  readonly rows: LiveFunction;
}

/** A Firehose for each stream: every event with position and arrival, as Parquet in Hive's layout. */
export function createArchive(scope: Construct, context: DeploymentContext, stored: StoredData): Archive {
  const parent = new Construct(scope, 'Archive');
  const log = createLog(parent, 'Log', context.environment, stored.key);
  const rows = createLiveFunction(parent, 'rows', context, {
    name: 'archive',
    description: 'puts position and arrival beside each event for the archive',
    settings: { memoryMebibytes: 1_769, timeout: { minutes: 1 }, reserved: null },
    variables: {},
    network: null,
    key: stored.key,
    noDeadLetters:
      'Firehose calls it and waits; what fails it tries again, and puts under failed/ in the lake.',
  });
  const deliveries = [...stored.streams.keys()].map(
    name => [name, createDelivery(parent, context, stored, { name, rows, log })] as const,
  );
  return { deliveries: new Map(deliveries), rows };
}

interface Delivery {
  readonly name: string;
  readonly rows: LiveFunction;
  readonly log: LogGroup;
}

/** Not CDK's DeliveryStream: its role may read and delete all that is in the bucket. */
function createDelivery(
  scope: Construct,
  context: DeploymentContext,
  stored: StoredData,
  { name, rows, log }: Delivery,
): CfnDeliveryStream {
  const { every, mebibytes } = context.environment.archive;
  const { buckets, catalog, key } = stored;
  const { stream } = stored.streams.get(name)!;
  const parent = new Construct(scope, name);
  const errors = new LogStream(parent, 'Errors', { logGroup: log });
  const role = createRole(parent, context, stored, { name, rows, log });
  const table = catalog.tables.get(name)!;
  const delivery = new CfnDeliveryStream(parent, 'Delivery', {
    deliveryStreamType: 'KinesisStreamAsSource',
    kinesisStreamSourceConfiguration: { kinesisStreamArn: stream.streamArn, roleArn: role.roleArn },
    extendedS3DestinationConfiguration: {
      bucketArn: buckets.lake.bucket.bucketArn,
      roleArn: role.roleArn,
      prefix: `${archiveOf(name)}date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/`,
      errorOutputPrefix: `${failuresOf(name)}!{firehose:error-output-type}/!{timestamp:yyyy-MM-dd}/`,
      bufferingHints: { intervalInSeconds: secondsOf(every), sizeInMBs: mebibytes },
      encryptionConfiguration: { kmsEncryptionConfig: { awskmsKeyArn: key.keyArn } },
      cloudWatchLoggingOptions: {
        enabled: true,
        logGroupName: log.logGroupName,
        logStreamName: errors.logStreamName,
      },
      processingConfiguration: {
        enabled: true,
        processors: [
          {
            type: 'Lambda',
            parameters: Object.entries({
              LambdaArn: rows.live.functionArn,
              RoleArn: role.roleArn,
              NumberOfRetries: '3',
              // What comes back is larger than what goes in, and ends at 6 MB.
              BufferSizeInMBs: '1',
              BufferIntervalInSeconds: '60',
            }).map(([parameterName, parameterValue]) => ({ parameterName, parameterValue })),
          },
        ],
      },
      dataFormatConversionConfiguration: {
        enabled: true,
        inputFormatConfiguration: { deserializer: { openXJsonSerDe: {} } },
        outputFormatConfiguration: { serializer: { parquetSerDe: { compression: 'SNAPPY' } } },
        schemaConfiguration: {
          roleArn: role.roleArn,
          databaseName: catalog.database.databaseName,
          tableName: table.tableName,
          region: context.environment.region,
          versionId: 'LATEST',
        },
      },
    },
  });
  delivery.node.addDependency(role);
  acknowledge(
    delivery,
    'AwsSolutions-KDF1',
    'It reads a Kinesis stream, which is encrypted; Firehose takes no encryption of its own then.',
  );
  return delivery;
}

const failuresOf = (name: string): string => `${archiveFailuresPrefix}stream=${name}/`;

function createRole(
  scope: Construct,
  { environment }: DeploymentContext,
  { buckets, catalog, key, streams }: StoredData,
  { name, rows, log }: Delivery,
): Role {
  const { stream } = streams.get(name)!;
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('firehose.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    description: `Millrace ${environment.name}: archives events of ${name}`,
  });
  allow(
    role,
    ['kinesis:DescribeStream', 'kinesis:GetShardIterator', 'kinesis:GetRecords', 'kinesis:ListShards'],
    [stream.streamArn],
  );
  if (stream.encryptionKey !== undefined) allowKey(role, stream.encryptionKey, environment, 'readKinesis');
  for (const prefix of [archiveOf(name), failuresOf(name)]) {
    allow(
      role,
      ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'],
      [`${buckets.lake.arn}/${prefix}*`],
    );
    acknowledgeObjects(
      role,
      `{"Fn::GetStackOutput":{"StackName":"Millrace-${environment.name}-Data","OutputName":"LakeArn"}}/${prefix}*`,
      'Files of the archive of this stream: Firehose makes their names of the time.',
    );
  }
  allow(role, ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'], [buckets.lake.arn]);
  allowKey(role, key, environment, 'writeS3');
  const table = catalog.tables.get(name)!;
  allow(
    role,
    ['glue:GetTable', 'glue:GetTableVersion', 'glue:GetTableVersions'],
    [catalog.database.catalog.catalogArn, catalog.database.databaseArn, table.tableArn],
  );
  allow(role, ['lambda:InvokeFunction', 'lambda:GetFunctionConfiguration'], [rows.live.functionArn]);
  allow(role, ['logs:PutLogEvents'], [log.logGroupArn]);
  return role;
}
