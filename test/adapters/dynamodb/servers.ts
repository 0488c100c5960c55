import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import dynalite from 'dynalite';

/** A DynamoDB to test against. */
export interface DynamoServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** In this process, and in memory. */
export async function startDynalite(): Promise<DynamoServer> {
  const server = dynalite({ createTableMs: 0 });
  return { url: await listen(server), stop: () => close(server) };
}

/** Where AWS's own DynamoDB Local listens; null where it was not started (local/run.ts). */
export const dynamoLocalUrl: string | null = process.env.DYNAMODB_LOCAL_URL ?? null;

/** The one nearest to the real one that there is. */
export const startDynamo = async (): Promise<DynamoServer> =>
  dynamoLocalUrl === null ? startDynalite() : { url: dynamoLocalUrl, stop: async () => {} };

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export async function close(server: Server): Promise<void> {
  const closed = new Promise<void>(resolve => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}
