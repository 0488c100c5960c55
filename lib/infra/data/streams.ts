import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { type IStream, Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import type { DeploymentContext } from '../context.ts';
import { type StreamSettings, secondsOf } from '../environment/index.ts';

export interface DeployedStream {
  readonly stream: IStream;
  /** The name of this life of it: a recreated stream gets another, for its physical name is another. */
  readonly incarnation: string;
  readonly settings: StreamSettings;
}

export function createStreams(
  scope: Construct,
  { environment }: DeploymentContext,
  key: IKey,
  removalPolicy: RemovalPolicy,
): ReadonlyMap<string, DeployedStream> {
  const streams = new Construct(scope, 'Streams');
  return new Map(
    Object.entries(environment.streams).map(([name, settings]) => {
      const { source, retention } = settings;
      if (source.kind === 'existing') {
        const encryptionKey =
          source.keyArn === null ? null : Key.fromKeyArn(streams, `${name}-key`, source.keyArn);
        const stream = Stream.fromStreamAttributes(streams, name, {
          streamArn: source.arn,
          ...(encryptionKey === null ? {} : { encryptionKey }),
        });
        return [name, { stream, incarnation: source.incarnation, settings }];
      }
      const stream = new Stream(streams, name, {
        ...(source.kind === 'on-demand'
          ? { streamMode: StreamMode.ON_DEMAND }
          : { streamMode: StreamMode.PROVISIONED, shardCount: source.shards }),
        retentionPeriod: Duration.seconds(secondsOf(retention)),
        encryption: StreamEncryption.KMS,
        encryptionKey: key,
        removalPolicy,
      });
      acknowledge(
        stream,
        'AwsSolutions-KDS3',
        "The environment's own key, so that who may read is said in one place.",
      );
      return [name, { stream, incarnation: stream.streamName, settings }];
    }),
  );
}
