import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDynamoLeaseStore } from '../../../lib/adapters/dynamodb/lease-store.ts';
import { makeTable } from '../../../lib/adapters/dynamodb/make-tables.ts';
import { leaseTable } from '../../../lib/adapters/dynamodb/tables.ts';
import { noLease } from '../../../lib/runtime/worker/ports.ts';
import { leaseStoreConformance } from '../../conformance/lease-store.ts';
import { type DynamoServer, startDynamo } from './servers.ts';
import { noPauses, testClient } from './support.ts';

let server: DynamoServer;
beforeAll(async () => {
  server = await startDynamo();
});
afterAll(() => server.stop());

async function open() {
  const client = testClient(server.url);
  const table = `leases-${randomUUID()}`;
  await makeTable(client, table, leaseTable);
  return { client, table };
}

leaseStoreConformance('dynamodb', async () => {
  const place = await open();
  return {
    adapter: createDynamoLeaseStore(place),
    reopen: async () => createDynamoLeaseStore(place),
    dispose: async () => place.client.destroy(),
  };
});

test('a write whose answer was lost is known to have been made', async () => {
  const { client, table } = await open();
  const send = client.send.bind(client);
  let isLost = true;
  client.send = (async (command: Parameters<typeof send>[0]) => {
    const answer = await send(command);
    if (isLost) {
      isLost = false;
      throw new Error('socket hang up');
    }
    return answer;
  }) as typeof client.send;
  const leases = createDynamoLeaseStore({ client, table, pauses: noPauses });
  const lease = { ...noLease('a'), owner: 'w1', counter: 1 };
  expect(await leases.write('life', lease)).toEqual(lease);
  expect(isLost).toBe(false);
  expect(await leases.write('life', { ...lease, owner: 'w2' })).toEqual(lease);
  client.destroy();
});
