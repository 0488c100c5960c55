import { randomUUID } from 'node:crypto';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createDynamoActivePlan } from '../../../lib/adapters/dynamodb/active-plan.ts';
import type { ConsumedUnits } from '../../../lib/adapters/dynamodb/consumed.ts';
import { makeTable } from '../../../lib/adapters/dynamodb/make-tables.ts';
import { controlTable } from '../../../lib/adapters/dynamodb/tables.ts';
import { type Fault, type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts';
import { type DynamoServer, startDynamo } from './servers.ts';
import { noPauses, testClient } from './support.ts';

let server: DynamoServer;
let proxy: FaultyProxy;
let table: string;
let fault: Fault | null;
beforeAll(async () => {
  server = await startDynamo();
});
afterAll(() => server.stop());
beforeEach(async () => {
  fault = null;
  table = `${randomUUID()}-control`;
  await makeTable(testClient(server.url), table, controlTable);
  proxy = await startFaultyProxy(server.url, {
    faultOf() {
      const once = fault;
      fault = null;
      return once;
    },
  });
});
afterEach(() => proxy.stop());

const open = (onConsumed?: (use: ConsumedUnits) => void) =>
  createDynamoActivePlan({
    client: testClient(proxy.url),
    table,
    pauses: noPauses,
    ...(onConsumed === undefined ? {} : { onConsumed }),
  });
const first = { plan: 'a'.repeat(64), number: 1, activatedAt: 7, previous: null, retired: {} };

test.each<Fault>(['throttle', 'error', 'reset', 'lose'])(
  'an activation that meets %s is tried again, and has moved the pointer',
  async what => {
    fault = what;
    expect(await open().activate(first)).toBe(true);
    expect(await open().read()).toEqual(first);
  },
);

test('to read the pointer takes one unit', async () => {
  await open().activate({ ...first, retired: { 'prod-Data-UserPlays1-5F2K3L': 1_700_000_000_000 } });
  const used: ConsumedUnits[] = [];
  await open(use => used.push(use)).read();
  expect(used).toEqual([{ operation: 'GetItem', table, units: 1 }]);
});

test.each(['active', 'plan/x'])('an item %s that is none of ours is said to be corrupt', async k => {
  await testClient(server.url).send(new PutItemCommand({ TableName: table, Item: { k: { S: k } } }));
  const found = k === 'active' ? open().read() : open().readPlan('x');
  await expect(found).rejects.toMatchObject({ name: 'StoreError', reason: 'corrupt' });
  await expect(found).rejects.toThrow(`table ${table}, item ${k} makes no sense`);
});
