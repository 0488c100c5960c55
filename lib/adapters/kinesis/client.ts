import { KinesisClient, type KinesisClientConfig } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/**
 * A client of Kinesis over HTTP/1.1, which proxies and local stand-ins of AWS speak, with an attempt a request: the
 * producer tries again itself, and then knows which attempts may have taken effect.
 */
export const createKinesisClient = (config: KinesisClientConfig = {}): KinesisClient =>
  new KinesisClient({
    requestHandler: new NodeHttpHandler({ connectionTimeout: 2_000 }),
    maxAttempts: 1,
    ...config,
  });
