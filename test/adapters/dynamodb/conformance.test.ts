import { afterAll, beforeAll, describe, test } from 'vitest';
import { activePlanConformance } from '../../conformance/active-plan.ts';
import { stateStoreConformance } from '../../conformance/state-store.ts';
import { type DynamoServer, dynamoLocalUrl, startDynalite } from './servers.ts';
import { activePlanSubject, dynamoSubject } from './support.ts';

describe('in process', () => {
  let server: DynamoServer;
  beforeAll(async () => {
    server = await startDynalite();
  });
  afterAll(() => server.stop());
  stateStoreConformance('dynamodb (dynalite)', () => dynamoSubject(server.url), { rows: 700 });
  activePlanConformance('dynamodb (dynalite)', () => activePlanSubject(server.url));
});

if (dynamoLocalUrl === null) {
  test.skip('state store and active Plan: dynamodb (DynamoDB Local): not started, see local/run.ts', () => {});
} else {
  stateStoreConformance('dynamodb (DynamoDB Local)', () => dynamoSubject(dynamoLocalUrl as string), {
    rows: 700,
  });
  activePlanConformance('dynamodb (DynamoDB Local)', () => activePlanSubject(dynamoLocalUrl as string));
}
