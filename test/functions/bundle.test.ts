import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import feed from '../../features/feed/index.ts';
import { bundleFunction, type FunctionName } from '../../functions/bundle.ts';
import { createDynamoActivePlan } from '../../lib/adapters/dynamodb/active-plan.ts';
import { makeTable } from '../../lib/adapters/dynamodb/make-tables.ts';
import { controlTable } from '../../lib/adapters/dynamodb/tables.ts';
import { type Definitions, definitions } from '../../lib/define/index.ts';
import type { Plan } from '../../lib/kernel/plan.ts';
import { activatePlan } from '../../lib/runtime/activate-plan.ts';
import { tablesOf } from '../../lib/runtime/plan-tables.ts';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { testClient } from '../adapters/dynamodb/support.ts';
import { startKinesisServer } from '../support/kinesis-server.ts';
import { userPlays } from '../support/plays.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { httpRequest } from './http-request.ts';

const definitionsFile = resolve('features/feed/index.ts');
const run = promisify(execFile);

const credentials = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'key',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'token',
};

async function bundled(name: FunctionName, file = definitionsFile) {
  const outdir = temporaryDirectory();
  return { outdir, ...(await bundleFunction({ name, definitions: file, outdir })) };
}

/** Calls the handler of a bundle in a process of its own, with this environment and no other. */
async function invoke(outdir: string, event: unknown, environment: Readonly<Record<string, string>>) {
  const module = pathToFileURL(join(outdir, 'index.mjs')).href;
  const program = `
    const { handler } = await import(${JSON.stringify(module)});
    console.log('\\n' + JSON.stringify(await handler(${JSON.stringify(event)})));
  `;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', program], {
    env: environment,
  });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1)!);
}

test('the ingest function runs from its bundle, with the credentials of its environment', async () => {
  const server = await startKinesisServer({ shards: 1 });
  onTestFinished(() => server.close());
  const { outdir, startBytes } = await bundled('ingest');
  const headers = { 'content-type': 'application/x-ndjson' };
  const event = httpRequest('/v1/events', '{"user_id":"u1"}', { headers });
  const answer = await invoke(outdir, event, {
    ...credentials,
    AWS_ENDPOINT_URL_KINESIS: server.endpoint,
    MILLRACE_STREAMS: '{"interactions":"prod-interactions"}',
  });
  expect(answer.statusCode).toBe(200);
  expect([...server.stored.values()].flat().map(r => r.data.toString())).toEqual(['{"user_id":"u1"}']);
  expect(startBytes).toBeLessThan(400_000);
});

test('the transform function loads S3 only when an event is set aside', async () => {
  const { outdir, startBytes, totalBytes } = await bundled('transform');
  const withS3 = readdirSync(outdir).filter(file =>
    readFileSync(join(outdir, file)).includes('ListObjectsV2'),
  );
  expect(withS3).toEqual([expect.stringMatching(/^set-aside-.*\.mjs$/)]);
  expect(startBytes).toBeLessThan(450_000);
  expect(totalBytes).toBeGreaterThan(startBytes);
});

/** A DynamoDB with a control table in which `plan` is active. */
async function startControl(plan: Plan) {
  const dynamo = await startDynalite();
  onTestFinished(() => dynamo.stop());
  const client = testClient(dynamo.url);
  await makeTable(client, 'control', controlTable);
  const activePlan = createDynamoActivePlan({ client, table: 'control' });
  const tables = Object.fromEntries(tablesOf(plan).map(({ table }) => [table, 't']));
  await activatePlan({ activePlan, clock: { now: Date.now } }, { plan, tables });
  return {
    activePlan,
    environment: { AWS_ENDPOINT_URL_DYNAMODB: dynamo.url, MILLRACE_CONTROL_TABLE: 'control' },
  };
}

test('the serve function answers from its bundle, which loads the cache only where there is one', async () => {
  const { outdir, startBytes, totalBytes } = await bundled('serve');
  const { environment } = await startControl(feed.plan);
  const event = httpRequest('/v1/features', '{"group":"none","entities":[{"user_id":"u1"}]}');
  const answer = await invoke(outdir, event, { ...credentials, ...environment });
  expect([answer.statusCode, JSON.parse(answer.body).error.code]).toEqual([404, 'not-found']);
  expect(startBytes).toBeLessThan(600_000);
  expect(totalBytes - startBytes).toBeGreaterThan(190_000);
});

test('definitions with functions of their own bring them along', async () => {
  const file = join(temporaryDirectory(), 'definitions.ts');
  writeFileSync(
    file,
    `import { count, defineFunction, definitions, entity, featureGroup, stream, string, timestamp } from ${JSON.stringify(resolve('lib/define/index.ts'))};
    const shout = defineFunction('shout', { version: 1, parameters: [string()], returns: string() }, s => s + '!');
    export default definitions({ groups: [featureGroup('shouts', {
      entity: entity('user', { keys: { user: string() } }),
      from: stream('said', { schema: { user: string(), ts: timestamp() }, eventTime: 'ts', key: 'user' }),
      features: e => ({ shouts: count().where(shout(e.user).eq('u!')).over('1h') }),
    })] });`,
  );
  const { default: shouting } = (await import(pathToFileURL(file).href)) as { default: Definitions };
  const { environment } = await startControl(shouting.plan);
  const { outdir } = await bundled('serve', file);
  const event = httpRequest('/v1/features', '{"group":"none","entities":[{"user":"u1"}]}');
  const answer = await invoke(outdir, event, { ...credentials, ...environment });
  expect(JSON.parse(answer.body).error.message).toBe('there is no feature group "none"; there is shouts');
});

test('the activate function activates the Plan of its bundle', async () => {
  const { outdir } = await bundled('activate');
  const { activePlan, environment } = await startControl(definitions({ groups: [userPlays] }).plan);
  const Tables = Object.fromEntries(tablesOf(feed.plan).map(({ table }) => [table, `prod-${table}`]));
  const event = { PlanHash: feed.plan.hash, Tables };
  expect(await invoke(outdir, event, { ...credentials, ...environment })).toMatchObject({ moved: true });
  expect(await activePlan.read()).toMatchObject({ plan: feed.plan.hash, number: 2 });
  expect(await activePlan.readPlan(feed.plan.hash)).toEqual({ plan: feed.plan, tables: Tables });
});
