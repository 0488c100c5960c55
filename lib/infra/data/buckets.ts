import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { DeploymentContext } from '../context.ts';
import { secondsOf } from '../environment/index.ts';

export interface Buckets {
  /** The archive of events, as Parquet. */
  readonly lake: IBucket;
  /** `quarantine/`, `unapplied/`, and what Lambda's mappings give up on (`aws/lambda/`). */
  readonly setAside: IBucket;
}

/** Where the archive's files are in the lake; what could not be written as Parquet is under `failed/`. */
export const archivePrefix = 'events/';
export const archiveFailuresPrefix = 'failed/';

export function createBuckets(
  scope: Construct,
  { environment }: DeploymentContext,
  encryptionKey: IKey,
  removalPolicy: RemovalPolicy,
): Buckets {
  const { archive, setAside, logs, platform } = environment;
  const days = (duration: Parameters<typeof secondsOf>[0]) => Duration.seconds(secondsOf(duration));
  const secured = {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy,
    // It empties a bucket that is to be deleted, by a function of CDK's own, which MiniStack cannot run.
    autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY && platform === 'aws',
  } as const satisfies BucketProps;

  const accessLogs: IBucket = new Bucket(scope, 'AccessLogs', {
    ...secured,
    // S3 delivers logs to buckets with keys of its own only.
    encryption: BucketEncryption.S3_MANAGED,
    lifecycleRules: [{ id: 'expire', expiration: days(logs.keepFor) }],
  }) as IBucket;
  const bucket = (id: string, props: BucketProps) =>
    new Bucket(scope, id, {
      ...secured,
      ...props,
      encryption: BucketEncryption.KMS,
      encryptionKey,
      bucketKeyEnabled: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: `${id}/`,
    }) as IBucket;

  const { infrequentAfter, keepFor } = archive;
  const lake = bucket('Lake', {
    lifecycleRules: [
      {
        id: 'archive',
        prefix: archivePrefix,
        ...(infrequentAfter === 'never'
          ? {}
          : {
              transitions: [
                { storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: days(infrequentAfter) },
              ],
            }),
        ...(keepFor === 'ever' ? {} : { expiration: days(keepFor) }),
      },
      { id: 'failures', prefix: archiveFailuresPrefix, expiration: days(setAside.keepFor) },
      { id: 'unfinished', abortIncompleteMultipartUploadAfter: Duration.days(1) },
    ],
  });
  return {
    lake,
    setAside: bucket('SetAside', {
      lifecycleRules: [
        { id: 'expire', expiration: days(setAside.keepFor) },
        { id: 'unfinished', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    }),
  };
}
