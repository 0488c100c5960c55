import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { arrivalBytes, createFeed } from '../../features/feed/generator/index.ts';
import feed from '../../features/feed/index.ts';
import { createDynamoActivePlan } from '../../lib/adapters/dynamodb/active-plan.ts';
import { makeTable } from '../../lib/adapters/dynamodb/make-tables.ts';
import { controlTable } from '../../lib/adapters/dynamodb/tables.ts';
import type { Plan } from '../../lib/kernel/index.ts';
import { type DynamoServer, startDynalite } from '../adapters/dynamodb/servers.ts';
import { testClient } from '../adapters/dynamodb/support.ts';
import { startStacksServer } from '../support/stacks-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { runCli } from './run-cli.ts';

const costs = ['plan', '--env', 'prod', '--no-deployed', '--rate', '1000', '--entities', '1e6'];

describe('millrace plan --env: costs', () => {
  test('are a table with a sum, what it is compared with, and what was assumed', async () => {
    const { code, stdout } = await runCli(...costs);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^rows +DynamoDB user_engagement@1, writes +\$[\d,.]+ +99\d rows\/s/m);
    expect(stdout).toMatch(
      /^\$[\d,]+\.\d\d a month, before taxes and discounts; prices of us-east-1, \d{4}-/m,
    );
    expect(stdout).toMatch(/^That is \d+ % of \$/m);
    expect(stdout).toContain('Assumed: events are spread evenly over author, item, user_author, user');
    expect(stdout).toContain('Warning, price (eu-central-1)');
  });

  test('are numbers as JSON', async () => {
    const { stdout } = await runCli(...costs, '--gap', 'user=5', '--skew', 'item=1.1,author=0.7', '--json');
    const { environment, cost } = JSON.parse(stdout);
    expect(environment).toBe('prod');
    expect(cost.total).toBeCloseTo(
      cost.lines.reduce((sum: number, line: { cost: number }) => sum + line.cost, 0),
      6,
    );
    const evenly = JSON.parse((await runCli(...costs, '--json')).stdout);
    expect(cost.total).toBeLessThan(0.7 * evenly.cost.total);
  });

  test('are measured from a sample', async () => {
    const file = join(temporaryDirectory(), 'sample.ndjson');
    writeFileSync(file, Buffer.concat(sampleLines()));
    const { code, stdout } = await runCli(...costs, '--sample', file);
    expect(code).toBe(0);
    expect(stdout).not.toContain('spread evenly');
    expect(stdout).toMatch(/^rows +DynamoDB user_author@1, writes +\$[\d,.]+ +[123]\d(\.\d)? rows\/s/m);
  });

  test.each([
    [
      ['plan', '--env', 'nowhere'],
      /there is no environment nowhere: features\/environments\.ts has dev, staging/,
    ],
    [[...costs.slice(0, 4), '--rate', '10'], /a cost needs both --rate and --entities/],
    [[...costs, '--gap', 'usr=5'], /--gap: there is no usr; there is author, item, user, user_author/],
    [[...costs, '--gap', 'user=5', '--skew', 'user=1'], /user has both a --gap and a --skew/],
    [[...costs.slice(0, -1), 'user=5'], /--entities says nothing of author, item, user_author: author=N/],
    [[...costs, '--share', 'user_author=2'], /--share: user_author has 2, and a share ends at 1/],
    [[...costs, '--reads', 'many'], /Write a number, such as 1000 or 2e6/],
    [[...costs, '--sample', 'none.ndjson'], /none\.ndjson does not exist/],
  ])('%j is refused in words', async (args, message) => {
    const { code, stdout, stderr } = await runCli(...args);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });
});

describe('millrace plan --env: changes', () => {
  let dynamo: DynamoServer;
  beforeAll(async () => {
    dynamo = await startDynalite();
  });
  afterAll(() => dynamo.stop());

  /** What AWS says is deployed: an environment whose active Plan is in `controlTable`, or none. */
  async function aws(controlTable: string | null): Promise<void> {
    const outputs = {
      ApiUrl: 'http://127.0.0.1:1',
      StreamNames: '{}',
      SetAsideBucket: 'b',
      ProgressTable: 'p',
      LeaseTable: 'l',
      StreamIncarnations: '{}',
      ControlTable: controlTable ?? '',
    };
    const stack = { name: 'prod-All', tags: { 'millrace:environment': 'prod' }, outputs };
    const { endpoint, close } = await startStacksServer(() => (controlTable === null ? [] : [stack]));
    const variables = {
      AWS_ENDPOINT_URL: endpoint,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKID',
      AWS_SECRET_ACCESS_KEY: 'secret',
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await close();
    });
  }

  async function deploy(table: string, plan: Plan): Promise<void> {
    const client = testClient(dynamo.url);
    await makeTable(client, table, controlTable);
    const plans = createDynamoActivePlan({ client, table });
    await plans.writePlan({ plan, tables: {} });
    await plans.activate({ plan: plan.hash, number: 1, activatedAt: 1, previous: null, retired: {} });
    client.destroy();
    await aws(table);
  }

  test('are none where the Plan is the one that is deployed', async () => {
    await deploy('same', feed.plan);
    expect(await runCli('plan', '--env', 'prod')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(
        'No changes: environment prod holds what the definitions say (6 groups',
      ),
    });
  });

  test('are told, and refused where a group needs a new version', async () => {
    const [first, ...others] = feed.plan.groups;
    const changed = { ...first!, fingerprint: 'another', slots: first!.slots.slice(1) };
    await deploy('other', { ...feed.plan, hash: 'other', groups: [changed, ...others.slice(1)] });
    const { code, stdout } = await runCli('plan', '--env', 'prod');
    expect(code).toBe(2);
    expect(stdout).toMatch(/^changed +group +author_popularity +needs-version/m);
    expect(stdout).toMatch(/^added +group +item_popularity +compatible/m);
    expect(stdout).toContain('New groups and versions begin empty');
  });

  test('are all, where nothing is deployed yet', async () => {
    await aws(null);
    expect((await runCli('plan', '--env', 'prod')).stdout).toContain('environment prod holds nothing yet');
  });

  test('are not guessed where there are no credentials', async () => {
    await aws(null);
    vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', 'none');
    vi.stubEnv('AWS_CONFIG_FILE', 'none');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    expect(await runCli('plan', '--env', 'prod')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/credentials/),
    });
  });
});

/** A minute of the feed, sorted by event time as a sample is. */
function sampleLines(): Buffer[] {
  const start = Date.UTC(2026, 0, 5, 18);
  const lines: { ts: number; line: Buffer }[] = [];
  for (const arrival of createFeed({
    seed: 1,
    users: 1_000,
    items: 500,
    authors: 50,
    start,
    eventsPerSecond: 20,
    steady: true,
  })) {
    const { event, arrivalTime, kind } = arrival;
    if (arrivalTime > start + 60_000) break;
    if (kind === 'fresh')
      lines.push({ ts: event.ts, line: Buffer.concat([arrivalBytes(arrival), Buffer.from('\n')]) });
  }
  return lines.sort((a, b) => a.ts - b.ts).map(({ line }) => line);
}
