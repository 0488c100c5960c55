import { expect, onTestFinished, test } from 'vitest';
import { createDynamoActivePlan } from '../../lib/adapters/dynamodb/active-plan.ts';
import { makeTable } from '../../lib/adapters/dynamodb/make-tables.ts';
import { createDynamoStateStore } from '../../lib/adapters/dynamodb/state-store.ts';
import { controlTable, progressTable, rowTable } from '../../lib/adapters/dynamodb/tables.ts';
import { openRows } from '../../lib/cli/worker/open-rows.ts';
import { deployedPlace, ownPlace } from '../../lib/cli/worker/place.ts';
import { count, definitions, featureGroup } from '../../lib/define/index.ts';
import type { Plan } from '../../lib/kernel/plan.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { testClient } from '../adapters/dynamodb/support.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import { now, plays, record, user, userPlays } from '../support/plays.ts';

const deployment = {
  environment: 'prod',
  region: 'eu-central-1',
  apiUrl: 'https://api',
  streams: new Map([['plays', 'Prod-Data-Plays5F2E']]),
  incarnations: new Map([['plays', 'plays-7']]),
  bucket: 'lake',
  controlTable: 'control',
  progressTable: 'progress',
  leaseTable: 'leases',
};

test('names are under the prefix, or as given', () => {
  expect(ownPlace({ stream: 'plays', bucket: 'lake', prefix: 'dev-' })).toEqual({
    kinesisStream: 'dev-plays',
    incarnation: null,
    bucket: 'lake',
    leaseTable: 'dev-leases',
    rows: { kind: 'tables', prefix: 'dev-', progressTable: 'dev-progress' },
  });
  expect(
    ownPlace({
      stream: 'plays',
      bucket: 'lake',
      prefix: '',
      kinesis: 'k',
      incarnation: 'i',
      redis: 'redis://r',
    }),
  ).toMatchObject({ kinesisStream: 'k', incarnation: 'i', rows: { kind: 'redis', url: 'redis://r' } });
});

test("a deployed environment's names are its stacks', and the stream's life is the function's", () => {
  expect(deployedPlace(deployment, 'plays')).toEqual({
    kinesisStream: 'Prod-Data-Plays5F2E',
    incarnation: 'plays-7',
    bucket: 'lake',
    leaseTable: 'leases',
    rows: { kind: 'deployed', controlTable: 'control', progressTable: 'progress' },
  });
  expect(() => deployedPlace(deployment, 'visits')).toThrow(
    'environment prod has no stream visits; it has plays',
  );
});

test('in a deployed environment batches are folded by the Plan that is active, into its tables', async () => {
  const dynamo = await startDynalite();
  const client = testClient(dynamo.url);
  onTestFinished(async () => {
    client.destroy();
    await dynamo.stop();
  });
  const own = definitions({ groups: [userPlays] });
  const next = definitions({
    groups: [
      featureGroup('user_plays', {
        entity: user,
        from: plays,
        version: 2,
        features: () => ({ plays: count().over('24h') }),
      }),
    ],
  });
  for (const name of ['Rows1', 'Rows2']) await makeTable(client, name, rowTable);
  await makeTable(client, 'progress', progressTable);
  await makeTable(client, 'control', controlTable);
  const activePlan = createDynamoActivePlan({ client, table: 'control' });
  let number = 0;
  const activate = async (plan: Plan, tables: Record<string, string>): Promise<void> => {
    await activePlan.writePlan({ plan, tables });
    await activePlan.activate({
      plan: plan.hash,
      activatedAt: now,
      number: ++number,
      previous: null,
      retired: {},
    });
  };

  const rows = await openRows(deployedPlace(deployment, 'plays').rows, {
    definitions: own,
    dynamo: client,
    retentionMs: 86_400_000,
    makeTransform: parts =>
      createTransform({
        ...parts,
        functions: own.functions,
        stream: 'plays',
        incarnation: 'plays-1',
        quarantine: createMemoryQuarantine(),
        unapplied: createMemoryUnapplied(),
        clock: { now: () => now },
      }),
  });
  const batch = (sequence: number) => ({ shard: 'a', records: [record(sequence)] });
  await expect(rows.transform(batch(1))).rejects.toThrow('no Plan is active yet');
  await activate(own.plan, { 'user_plays@1': 'Rows1' });
  expect(await rows.transform(batch(1))).toMatchObject({ accepted: 1, failures: [] });
  await activate(next.plan, { 'user_plays@2': 'Rows2' });
  for (const sequence of [2, 3]) expect(await rows.transform(batch(sequence))).toMatchObject({ accepted: 1 });

  const valueIn = async (plan: Plan, table: string, feature: string) => {
    const store = createDynamoStateStore({ client, tableName: () => table, progressTable: 'progress' });
    const reader = createReader({ plan, store, clock: { now: () => now } });
    const { entities } = await reader.readGroup('user_plays', [{ user: 'u1' }]);
    return entities[0]!.values[feature];
  };
  expect(await valueIn(own.plan, 'Rows1', 'plays_lifetime')).toBe(1);
  expect(await valueIn(next.plan, 'Rows2', 'plays_24h')).toBe(2);
  expect((await rows.store.readProgress('plays-1')).get('a')?.sequence).toBe(3);
  await rows.close();
});
