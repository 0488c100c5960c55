import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { arrivalBytes, createFeed } from '../../features/feed/generator/index.ts';
import feed from '../../features/feed/index.ts';
import { createActivateFunction } from '../../functions/activate/index.ts';
import { createIngestFunction } from '../../functions/ingest/index.ts';
import { createServeFunction } from '../../functions/serve/index.ts';
import { createTransformFunction } from '../../functions/transform/index.ts';
import { makeTable } from '../../lib/adapters/dynamodb/make-tables.ts';
import { controlTable, progressTable, rowTable } from '../../lib/adapters/dynamodb/tables.ts';
import type { KinesisEvent } from '../../lib/runtime/kinesis-batch.ts';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { testClient } from '../adapters/dynamodb/support.ts';
import { lambdaEnvironment } from '../functions/environment.ts';
import { httpRequest } from '../functions/http-request.ts';
import { startKinesisServer } from '../support/kinesis-server.ts';
import { startS3Server } from '../support/s3-server.ts';
import { createResolver } from './resolve.ts';
import { type StackName, settingsOf, synthesise } from './support.ts';

/**
 * The functions run as they are deployed: with the variables of prod's templates, against stand-ins of AWS whose tables
 * have the templates' names. Every call that they make of the SDK is held to the policy of their own role, and every
 * permission of that role to the calls.
 */
const place = { account: '444455556666', region: 'eu-central-1' };
const prod = synthesise(settingsOf('prod'));
const resolve = createResolver(prod, place);

interface Call {
  readonly action: string;
  readonly resource: string;
}

/** What AWS itself does with a role, and no code of ours. */
const byAws: readonly RegExp[] = [
  /^logs:(CreateLogStream|PutLogEvents) /,
  /^xray:/,
  /^ec2:\w+NetworkInterface|^ec2:DescribeSubnets|^ec2:\w+PrivateIpAddresses/,
  /^kms:/,
];

/** With the transform's role the mapping reads the stream, and puts what no retry could save. */
const byMapping: readonly RegExp[] = [
  /^kinesis:(DescribeStream|DescribeStreamSummary|GetRecords|GetShardIterator|ListShards) /,
  /^s3:ListBucket /,
  /^s3:PutObject .*\/aws\/lambda\/\*$/,
];

let parts: {
  readonly kinesis: Awaited<ReturnType<typeof startKinesisServer>>;
  readonly s3: Awaited<ReturnType<typeof startS3Server>>;
  readonly dynamo: Awaited<ReturnType<typeof startDynalite>>;
};
let calls: Call[] = [];

beforeEach(async () => {
  const [kinesis, s3, dynamo] = await Promise.all([
    startKinesisServer({ shards: 2 }),
    startS3Server({ pageSize: 1_000 }),
    startDynalite(),
  ]);
  parts = { kinesis, s3, dynamo };
  const client = testClient(dynamo.url);
  for (const { id } of prod.resources('AWS::DynamoDB::GlobalTable')) {
    const schema = /progress/.test(id) ? progressTable : /control/.test(id) ? controlTable : rowTable;
    await makeTable(client, resolve({ Ref: id }, 'Data') as string, schema);
  }
  client.destroy();
  calls = [];
  const spied = new Set(
    [DynamoDBClient, KinesisClient, S3Client].map(c => Object.getPrototypeOf(c.prototype)),
  );
  for (const prototype of spied) {
    const send = prototype.send;
    vi.spyOn(prototype, 'send').mockImplementation(function (this: unknown, ...args: unknown[]) {
      calls.push(...callsOf(args[0] as Command));
      return send.apply(this, args);
    });
  }
});

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all([parts.kinesis.close(), parts.s3.close(), parts.dynamo.stop()]);
});

describe('each function may do what it does, and nothing else', () => {
  test('activate', async () => {
    const { calls: made, permissions } = await during('Serving', 'activate', activate);
    expect(unforeseen(made, permissions)).toEqual([]);
    expect(unused(made, permissions)).toEqual([]);
  });

  test('ingest', async () => {
    const { calls: made, permissions } = await during('Serving', 'ingest', async variables => {
      // Anything that was sent before is late, so that it looks how far the transform is.
      const ingest = createIngestFunction(feed, { ...variables, MILLRACE_MAX_BEHIND_SECONDS: '0.001' });
      const event = `[${new TextDecoder().decode(events(1)[0]!.bytes)}]`;
      const sent = await ingest(httpRequest('/v1/events', event));
      expect(JSON.parse(sent.body)).toMatchObject({ accepted: 1, failed: 0 });
      await vi.waitUntil(async () => (await ingest(httpRequest('/v1/events', event))).statusCode === 429);
    });
    expect(unforeseen(made, permissions)).toEqual([]);
    expect(unused(made, permissions)).toEqual([]);
  });

  test('transform', async () => {
    await during('Serving', 'activate', activate);
    const { calls: made, permissions } = await during('Processing', 'transform', async variables => {
      const transform = createTransformFunction(feed, variables);
      const stored = events(1_260);
      for (let from = 0; from < 1_200; from += 300)
        expect(await transform(batchOf(stored.slice(from, from + 300), from + 1))).toEqual({
          batchItemFailures: [],
        });
      await spoilRows();
      const after = createTransformFunction(feed, variables);
      expect(await after(batchOf(stored.slice(1_200), 1_201))).toEqual({ batchItemFailures: [] });
      // Alone and late: it may be one that ends its process, and is counted.
      const late = [{ bytes: new TextEncoder().encode('bad'), arrivalTime: Date.now() - 600_000 }];
      await createTransformFunction(feed, variables)(batchOf(late, 3_001));
    });
    expect(unforeseen(made, permissions)).toEqual([]);
    expect(unused(made, permissions, byMapping)).toEqual([]);
  }, 60_000);

  test('serve', async () => {
    await during('Serving', 'activate', activate);
    const { calls: made, permissions } = await during('Serving', 'serve', async variables => {
      const serve = createServeFunction(feed, variables);
      for (const { name, entity } of feed.plan.groups) {
        const { keys } = feed.plan.entities.find(e => e.name === entity)!;
        const asked = Object.fromEntries(keys.map(key => [key.name, 'x']));
        const body = JSON.stringify({ group: name, entities: [asked] });
        expect((await serve(httpRequest('/v1/features', body))).statusCode).toBe(200);
      }
    });
    expect(unforeseen(made, permissions)).toEqual([]);
    expect(unused(made, permissions)).toEqual([]);
  });

  test('archive, which needs nothing of AWS', () => {
    expect(unused([], permissionsOf('Processing', 'Archiverows'))).toEqual([]);
  });
});

test('a call that is not foreseen, and a permission that is not used, would be found', () => {
  const permissions = ['dynamodb:PutItem arn:a', 's3:PutObject arn:b/quarantine/*'];
  const call = (action: string, resource: string) => ({ action, resource });
  expect(unforeseen([call('dynamodb:DeleteItem', 'arn:a')], permissions)).toEqual([
    'dynamodb:DeleteItem arn:a',
  ]);
  expect(unforeseen([call('dynamodb:PutItem', 'arn:c')], permissions)).toEqual(['dynamodb:PutItem arn:c']);
  expect(unforeseen([call('s3:PutObject', 'arn:b/other/1')], permissions)).toEqual([
    's3:PutObject arn:b/other/1',
  ]);
  expect(unforeseen([call('s3:PutObject', 'arn:b/quarantine/1')], permissions)).toEqual([]);
  expect(unused([call('dynamodb:PutItem', 'arn:a')], permissions)).toEqual([
    's3:PutObject arn:b/quarantine/*',
  ]);
});

async function activate(variables: Readonly<Record<string, string>>): Promise<void> {
  const { PlanHash, Tables } = resolve(prod.one('Custom::ActivePlan', 'Serving').Properties, 'Serving') as {
    PlanHash: string;
    Tables: Record<string, string>;
  };
  await createActivateFunction(feed, variables)({ PlanHash, Tables });
}

/** What a function calls while `run` runs it with its own variables, and what its role may do. */
async function during(
  stack: StackName,
  name: string,
  run: (variables: Readonly<Record<string, string>>) => Promise<void>,
): Promise<{ readonly calls: readonly Call[]; readonly permissions: readonly string[] }> {
  const { kinesis, s3, dynamo } = parts;
  lambdaEnvironment({ KINESIS: kinesis.endpoint, S3: s3.endpoint, DYNAMODB: dynamo.url });
  const { Environment } = prod.one('AWS::Lambda::Function', stack, name).Properties;
  const { MILLRACE_CACHE_URL: _, ...variables } = (
    resolve(Environment, stack) as { Variables: Record<string, string> }
  ).Variables;
  calls = [];
  await run(variables);
  return { calls, permissions: permissionsOf(stack, name) };
}

/** `action resource`, of all policies of a function's role. */
function permissionsOf(stack: StackName, name: string): readonly string[] {
  const { PolicyDocument } = prod.one(
    'AWS::IAM::Policy',
    stack,
    `${name}${stack === 'Processing' && name === 'transform' ? 'interactions' : ''}Role`,
  ).Properties;
  const { Statement } = resolve(PolicyDocument, stack) as {
    Statement: readonly { Effect: string; Action: string | string[]; Resource: string | string[] }[];
  };
  return Statement.flatMap(({ Effect, Action, Resource }) => {
    expect(Effect).toBe('Allow');
    return [Action].flat().flatMap(action => [Resource].flat().map(resource => `${action} ${resource}`));
  });
}

const unforeseen = (made: readonly Call[], permissions: readonly string[]): readonly string[] => [
  ...new Set(
    made
      .filter(call => !permissions.some(permission => covers(permission, call)))
      .map(({ action, resource }) => `${action} ${resource}`),
  ),
];

/** Which table of rows spills depends on the events: what is done to one is done to all. */
function unused(
  made: readonly Call[],
  permissions: readonly string[],
  others: readonly RegExp[] = [],
): readonly string[] {
  const oneTable = (resource: string): string =>
    resource.replace(/-tables(?!progress|control)\w+$/, '-tables-of-rows');
  const alike = made.map(({ action, resource }) => ({ action, resource: oneTable(resource) }));
  return permissions.filter(
    permission =>
      ![...byAws, ...others].some(pattern => pattern.test(permission)) &&
      !alike.some(call => covers(oneTable(permission), call)),
  );
}

function covers(permission: string, { action, resource }: Call): boolean {
  const [allowed, on = ''] = permission.split(' ');
  if (allowed !== action) return false;
  return on.endsWith('/*') ? resource.startsWith(on.slice(0, -1)) : on === resource;
}

interface Command {
  readonly constructor: { readonly name: string };
  readonly input: {
    readonly TableName?: string;
    readonly RequestItems?: Readonly<Record<string, unknown>>;
    readonly Bucket?: string;
    readonly Key?: string;
    readonly StreamName?: string;
  };
}

function callsOf(command: Command): readonly Call[] {
  const { input } = command;
  const name = command.constructor.name.replace(/Command$/, '');
  const { account, region } = place;
  if (input.Bucket !== undefined)
    return [{ action: `s3:${name}`, resource: `arn:aws:s3:::${input.Bucket}/${input.Key ?? ''}` }];
  if (input.StreamName !== undefined)
    return [
      {
        action: `kinesis:${name}`,
        resource: `arn:aws:kinesis:${region}:${account}:stream/${input.StreamName}`,
      },
    ];
  const tables = input.TableName === undefined ? Object.keys(input.RequestItems ?? {}) : [input.TableName];
  return tables.map(table => ({
    action: `dynamodb:${name}`,
    resource: `arn:aws:dynamodb:${region}:${account}:table/${table}`,
  }));
}

interface StoredEvent {
  readonly bytes: Uint8Array;
  readonly arrivalTime: number;
}

/** Of few people, so that their rows spill; bad ones among them. */
function events(count: number): readonly StoredEvent[] {
  const source = createFeed({
    seed: 5,
    users: 4,
    items: 6,
    authors: 3,
    start: Date.now() - 1_000,
    eventsPerSecond: 1_000,
    steady: true,
    rates: { bad: { schema: 0.02 } },
  });
  return Array.from({ length: count }, () => {
    const arrival = source.next().value;
    return { bytes: arrivalBytes(arrival), arrivalTime: Math.min(arrival.arrivalTime, Date.now()) };
  });
}

const batchOf = (stored: readonly StoredEvent[], first: number): KinesisEvent => ({
  Records: stored.map(({ bytes, arrivalTime }, i) => ({
    eventID: `shardId-000000000000:${first + i}`,
    kinesis: {
      sequenceNumber: `${first + i}`,
      approximateArrivalTimestamp: arrivalTime / 1_000,
      data: Buffer.from(bytes).toString('base64'),
    },
  })),
});

/** Rows whose bytes nobody can read: their events are set aside. */
async function spoilRows(): Promise<void> {
  const client = testClient(parts.dynamo.url);
  const made = [...calls];
  const id = prod.one('AWS::DynamoDB::GlobalTable', 'Data', 'Tablesitempopularity').id;
  const TableName = resolve({ Ref: id }, 'Data') as string;
  const { Items = [] } = await client.send(new ScanCommand({ TableName }));
  for (const item of Items) {
    if (item.k?.S?.startsWith('r'))
      await client.send(
        new PutItemCommand({ TableName, Item: { ...item, b: { B: item.b!.B!.subarray(0, 5) } } }),
      );
  }
  client.destroy();
  calls = made;
}
