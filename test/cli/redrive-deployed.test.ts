import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../lib/adapters/clock.ts';
import { createDynamoActivePlan } from '../../lib/adapters/dynamodb/active-plan.ts';
import { makeTable } from '../../lib/adapters/dynamodb/make-tables.ts';
import { createDynamoStateStore } from '../../lib/adapters/dynamodb/state-store.ts';
import { controlTable, progressTable, rowTable } from '../../lib/adapters/dynamodb/tables.ts';
import { openSetAside } from '../../lib/adapters/s3/set-aside.ts';
import { definitions } from '../../lib/define/index.ts';
import type { Plan } from '../../lib/kernel/plan.ts';
import { activatePlan } from '../../lib/runtime/activate-plan.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { testClient } from '../adapters/dynamodb/support.ts';
import { visit } from '../service/running.ts';
import { startS3Server } from '../support/s3-server.ts';
import { startEnvironment } from './deployed-environment.ts';
import { runCli, visitsModule } from './run-cli.ts';
import own, { visitorGroup } from './visits.ts';

const tables = { 'visitor@1': 'Visitors', 'visitor_page@1': 'Pages' };
const redrive = ['unapplied', 'redrive', '--env', 'dev', '--features', visitsModule];

/** The environment `dev`, in which `active` counts, and a row of the own Plan could not take its second event. */
async function startWithUnapplied(active: Plan) {
  await startEnvironment(() => ({ status: 404, body: '{"message":"Not Found"}' }));
  const [dynamo, s3] = await Promise.all([startDynalite(), startS3Server({ pageSize: 1_000 })]);
  const client = testClient(dynamo.url);
  onTestFinished(async () => {
    client.destroy();
    await Promise.all([dynamo.stop(), s3.close()]);
  });
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamo.url);
  vi.stubEnv('AWS_ENDPOINT_URL_S3', s3.endpoint);
  // As the stacks name them.
  await makeTable(client, 'dev-control', controlTable);
  await makeTable(client, 'dev-progress', progressTable);
  for (const name of Object.values(tables)) await makeTable(client, name, rowTable);
  const activePlan = createDynamoActivePlan({ client, table: 'dev-control' });
  await activatePlan({ activePlan, clock: systemClock }, { plan: active, tables });

  const store = createDynamoStateStore({
    client,
    tableName: table => tables[table as keyof typeof tables],
    progressTable: 'dev-progress',
  });
  const transform = createTransform({
    ...own,
    stream: 'visits',
    incarnation: 'visits-1',
    store,
    ...openSetAside(s3.client, 'dev-set-aside'),
    clock: systemClock,
  });
  const give = (sequence: number) =>
    transform({
      shard: 'a',
      records: [
        { shard: 'a', sequence, arrivalTime: Date.now(), data: new TextEncoder().encode(visit(sequence)) },
      ],
    });
  const rowsOf = async (TableName: string) => (await client.send(new ScanCommand({ TableName }))).Items!;
  await give(1);
  const [row] = await rowsOf('Visitors');
  const whole = row!.b!.B!;
  // A codec that never was: no newer release is waited for.
  const broken = Buffer.from('\0no row');
  await client.send(new PutItemCommand({ TableName: 'Visitors', Item: { ...row, b: { B: broken } } }));
  await give(2);

  return {
    all: async () => [await rowsOf('Visitors'), await rowsOf('Pages'), [...s3.objects.keys()]],
    /** As an operator does it: where the platform keeps what it could not read. */
    async restoreBytes() {
      for (const item of await rowsOf('Visitors'))
        if (Buffer.from(item.b!.B!).equals(broken))
          await client.send(
            new PutItemCommand({ TableName: 'Visitors', Item: { ...item, b: { B: whole } } }),
          );
    },
    async visitsOfAnn() {
      const reader = createReader({ plan: own.plan, store, clock: systemClock });
      const { entities } = await reader.readGroup('visitor', [{ user: 'ann' }]);
      return [entities[0]!.status, entities[0]!.values.visits_lifetime];
    },
  };
}

test('rows of an environment get the events that they lack, by the Plan that is active there', async () => {
  const there = await startWithUnapplied(own.plan);
  expect(await there.visitsOfAnn()).toEqual(['failed', null]);
  const waiting = await runCli(...redrive);
  expect([waiting.code, waiting.stdout]).toEqual([
    1,
    expect.stringMatching(
      /^0 applied, 0 settled before\ntable visitor@1, row .* still waits: .*restore its bytes/,
    ),
  ]);
  await there.restoreBytes();
  expect(await runCli(...redrive)).toEqual({ code: 0, stdout: '1 applied, 0 settled before\n', stderr: '' });
  expect(await there.visitsOfAnn()).toEqual(['known', 2]);
  expect(await runCli(...redrive)).toMatchObject({ code: 0, stdout: '0 applied, 0 settled before\n' });
});

test('where another Plan is active nothing is written, and it says what to do', async () => {
  const other = definitions({ groups: [visitorGroup] }).plan;
  const there = await startWithUnapplied(other);
  await there.restoreBytes();
  const before = await there.all();
  const { code, stdout, stderr } = await runCli(...redrive);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    `millrace: environment dev computes by Plan ${other.hash}, and these definitions are ${own.plan.hash}: ` +
      'take the release that is deployed there, or name its definitions with --features\n',
  );
  expect(await there.all()).toEqual(before);
  expect(before[2]).toEqual([expect.stringMatching(/^dev-set-aside\/unapplied\//)]);
});
