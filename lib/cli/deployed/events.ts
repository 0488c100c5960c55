import { S3Client } from '@aws-sdk/client-s3';
import type { Deployment } from '../../adapters/aws/deployment.ts';
import { createKinesisClient } from '../../adapters/kinesis/client.ts';
import { createKinesisProducer } from '../../adapters/kinesis/producer.ts';
import { openSetAside, type SetAside } from '../../adapters/s3/set-aside.ts';
import type { LogAppend } from '../../runtime/ports.ts';
import { RequestError } from '../keys.ts';

/** Where a deployed environment sets events aside. */
export const openBucket = ({ bucket }: Deployment): SetAside => openSetAside(new S3Client(), bucket);

/** Puts events to a stream; for each, whether Kinesis has stored it. Throws RequestError. */
export function producerOf({ environment, streams }: Deployment, stream: string) {
  const streamName = streams.get(stream);
  if (streamName === undefined) {
    throw new RequestError(
      `environment ${environment} has no stream ${stream}; it has ${[...streams.keys()].join(', ')}`,
    );
  }
  const producer = createKinesisProducer({ client: createKinesisClient(), streamName });
  return async (events: readonly LogAppend[]): Promise<readonly boolean[]> =>
    (await producer.append(events)).map(({ status }) => status === 'accepted');
}
