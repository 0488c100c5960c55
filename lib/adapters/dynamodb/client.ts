import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';

/**
 * A client as the state store wants it: connections are kept, nothing waits for ever, and the SDK tries nothing again
 * by itself. When to try again, and when not to, is the store's to know: a conditional write whose answer was lost
 * would meet itself.
 *
 * `config` is the SDK's, for its region, credentials and endpoint. A request without an answer is given up after
 * `requestMs`, 5 s unless given.
 */
export function createDynamoClient(
  config: Omit<DynamoDBClientConfig, 'maxAttempts' | 'retryMode' | 'retryStrategy' | 'requestHandler'> = {},
  { connectMs = 1_000, requestMs = 5_000 }: { readonly connectMs?: number; readonly requestMs?: number } = {},
): DynamoDBClient {
  const agent = { keepAlive: true, maxSockets: mostSockets };
  return new DynamoDBClient({
    ...config,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: requestMs,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    },
  });
}

/** As many as a store sends to one table at most (state-store.ts); a busy moment on several waits for a socket. */
const mostSockets = 128;
