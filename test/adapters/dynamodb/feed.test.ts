import { afterAll, beforeAll } from 'vitest';
import { feedParity } from '../../conformance/feed-parity.ts';
import { type DynamoServer, dynamoLocalUrl, startDynamo } from './servers.ts';
import { dynamoSubject } from './support.ts';

let server: DynamoServer;
beforeAll(async () => {
  server = await startDynamo();
});
afterAll(() => server.stop());

feedParity(dynamoLocalUrl === null ? 'dynamodb (dynalite)' : 'dynamodb (DynamoDB Local)', () =>
  dynamoSubject(server.url),
);
