import { CfnOutput, Duration, Fn, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type BucketProps,
  type IBucket,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import { acknowledge, acknowledgeOfCdk } from '../acknowledge.ts';
import type { DeploymentContext } from '../context.ts';
import { type ArchiveSettings, type Duration as Length, secondsOf } from '../environment/index.ts';

export interface Buckets {
  /** The archive of events, as Parquet. */
  readonly lake: DeployedBucket;
  /** `quarantine/`, `unapplied/`, and what Lambda's mappings give up on (`aws/lambda/`). */
  readonly setAside: DeployedBucket;
}

export interface DeployedBucket {
  readonly bucket: IBucket;
  /** For policies of other stacks: an output with a plain name, so that what a policy allows can be read. */
  readonly arn: string;
}

/** Where the archive's files are in the lake; what could not be written as Parquet is under `failed/`. */
export const archivePrefix = 'events/';
export const archiveFailuresPrefix = 'failed/';

export function createBuckets(
  stack: Stack,
  { environment }: DeploymentContext,
  encryptionKey: IKey,
  removalPolicy: RemovalPolicy,
): Buckets {
  const { archive, setAside, logs, platform } = environment;
  const secured = {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy,
    // It empties a bucket that is to be deleted, by a function of CDK's own, which MiniStack cannot run.
    autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY && platform === 'aws',
  } as const satisfies BucketProps;

  const accessLogs = new Bucket(stack, 'AccessLogs', {
    ...secured,
    // S3 delivers logs to buckets with keys of its own only.
    encryption: BucketEncryption.S3_MANAGED,
    lifecycleRules: [{ id: 'expire', expiration: lengthOf(logs.keepFor) }, unfinished],
  }) as IBucket;

  acknowledge(accessLogs, 'CKV_AWS_18', 'It is the bucket of access logs.');
  acknowledge(accessLogs, 'CKV_AWS_21', writtenOnce);

  const create = (id: string, lifecycleRules: LifecycleRule[]): DeployedBucket => {
    const bucket = new Bucket(stack, id, {
      ...secured,
      lifecycleRules: [...lifecycleRules, unfinished],
      encryption: BucketEncryption.KMS,
      encryptionKey,
      bucketKeyEnabled: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: `${id}/`,
    }) as IBucket;
    acknowledge(bucket, 'CKV_AWS_21', writtenOnce);
    const output = new CfnOutput(stack, `${id}Arn`, { value: bucket.bucketArn });
    return { bucket, arn: Fn.getStackOutput(stack.stackName, output.logicalId) };
  };

  const buckets = {
    lake: create('Lake', [
      ...archiveRules(archive),
      { id: 'failures', prefix: archiveFailuresPrefix, expiration: lengthOf(setAside.keepFor) },
    ]),
    setAside: create('SetAside', [{ id: 'expire', expiration: lengthOf(setAside.keepFor) }]),
  };
  acknowledgeOfCdk(stack, 'Custom::S3AutoDeleteObjects');
  return buckets;
}

function archiveRules({ infrequentAfter, keepFor }: ArchiveSettings): LifecycleRule[] {
  const rules: LifecycleRule[] = [];
  if (infrequentAfter !== 'never')
    rules.push({
      id: 'cheaper',
      prefix: archivePrefix,
      transitions: [
        { storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: lengthOf(infrequentAfter) },
      ],
    });
  if (keepFor !== 'ever') rules.push({ id: 'expire', prefix: archivePrefix, expiration: lengthOf(keepFor) });
  return rules;
}

const writtenOnce = 'Objects are written once, under names of their own, and what is removed is to be gone.';

const unfinished: LifecycleRule = {
  id: 'unfinished',
  abortIncompleteMultipartUploadAfter: Duration.days(1),
};

const lengthOf = (length: Length): Duration => Duration.seconds(secondsOf(length));
