import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createActivateFunction } from '../../functions/activate/index.ts';
import { createIngestFunction } from '../../functions/ingest/index.ts';
import { createServeFunction } from '../../functions/serve/index.ts';
import { createTransformFunction } from '../../functions/transform/index.ts';
import { makeTable } from '../../lib/adapters/dynamodb/make-tables.ts';
import { controlTable, progressTable, rowTable } from '../../lib/adapters/dynamodb/tables.ts';
import { definitions } from '../../lib/define/index.ts';
import type { KinesisEvent } from '../../lib/runtime/kinesis-batch.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { testClient } from '../adapters/dynamodb/support.ts';
import { startKinesisServer } from '../support/kinesis-server.ts';
import { now, playText, songPlays, userPlays } from '../support/plays.ts';
import { startS3Server } from '../support/s3-server.ts';
import { lambdaEnvironment } from './environment.ts';
import { httpRequest } from './http-request.ts';

const defined = definitions({ groups: [userPlays, songPlays] });
const environment = {
  MILLRACE_STREAMS: '{"plays":"prod-plays"}',
  MILLRACE_STREAM: 'plays',
  MILLRACE_INCARNATION: 'prod-plays-1',
  MILLRACE_BUCKET: 'lake',
  MILLRACE_CONTROL_TABLE: 'prod-control',
  MILLRACE_PROGRESS_TABLE: 'prod-progress',
};

const tables = { 'user_plays@1': 'prod-user-plays', 'song_plays@1': 'prod-song-plays' };

/** The parts of AWS that the functions stand between, and the Plan active there. */
async function startParts() {
  const [kinesis, s3, dynamo] = await Promise.all([
    startKinesisServer({ shards: 2 }),
    startS3Server({ pageSize: 1_000 }),
    startDynalite(),
  ]);
  onTestFinished(async () => {
    await Promise.all([kinesis.close(), s3.close(), dynamo.stop()]);
  });
  const client = testClient(dynamo.url);
  for (const name of Object.values(tables)) await makeTable(client, name, rowTable);
  await makeTable(client, 'prod-progress', progressTable);
  await makeTable(client, 'prod-control', controlTable);
  client.destroy();
  const { lines } = lambdaEnvironment({
    KINESIS: kinesis.endpoint,
    S3: s3.endpoint,
    DYNAMODB: dynamo.url,
  });
  await createActivateFunction(defined, environment)({ PlanHash: defined.plan.hash, Tables: tables });
  return { kinesis, s3, dynamo, lines };
}

/** As Lambda gives a batch of a shard. */
const batchOf = (records: readonly LogRecord[]): KinesisEvent => ({
  Records: records.map(({ shard, sequence, data }) => ({
    eventID: `${shard}:${sequence}`,
    kinesis: {
      sequenceNumber: sequence.toString(),
      approximateArrivalTimestamp: now / 1000,
      data: Buffer.from(data).toString('base64'),
    },
  })),
});

test('events go in over HTTP, through Kinesis into DynamoDB, and come out as features; a retry changes nothing', async () => {
  const { kinesis, s3, dynamo, lines } = await startParts();
  const ingest = createIngestFunction(defined, environment);
  const transform = createTransformFunction(defined, environment);
  const serve = createServeFunction(defined, environment);

  const events = [
    playText({ user: 'u1', song: 's1' }),
    playText({ user: 'u2', song: 's1' }),
    '{"user":"u1"}',
    playText({ user: 'u1', song: 's2' }),
  ];
  const sent = await ingest(httpRequest('/v1/events', `[${events.join(',')}]`));
  expect(JSON.parse(sent.body)).toMatchObject({ accepted: 4, rejected: 0, failed: 0 });

  for (let attempt = 0; attempt < 2; attempt++) {
    for (const records of kinesis.stored.values()) {
      if (records.length > 0) expect(await transform(batchOf(records))).toEqual({ batchItemFailures: [] });
    }
  }
  expect([...s3.objects.keys()]).toEqual([expect.stringMatching(/^lake\/quarantine\/plays\/.*\/schema\//)]);

  async function read(group: string, keys: readonly object[]) {
    const { statusCode, headers, body } = await serve(
      httpRequest('/v1/features', JSON.stringify({ group, entities: keys }), {
        headers: { 'x-correlation-id': 'ranking-7' },
      }),
    );
    expect([statusCode, headers['x-correlation-id']]).toEqual([200, 'ranking-7']);
    const { features, entities } = JSON.parse(body);
    const place = features.indexOf('plays_lifetime');
    return entities.map((e: { status: string; values: unknown[] }) => [e.status, e.values[place]]);
  }
  expect(await read('user_plays', [{ user: 'u1' }, { user: 'u2' }, { user: 'u3' }])).toEqual([
    ['known', 2],
    ['known', 1],
    ['unknown', 0],
  ]);

  const metrics = lines.filter(line => '_aws' in line);
  const total = (name: string) => metrics.reduce((sum, line) => sum + Number(line[name] ?? 0), 0);
  expect(
    ['EventsAccepted', 'EventsFolded', 'EventsBad', 'EntitiesKnown', 'EntitiesUnknown'].map(total),
  ).toEqual([4, 3, 1, 2, 1]);
  expect(total('WriteUnits')).toBeGreaterThanOrEqual(4);
  expect(await expiries(dynamo.url)).toEqual({ 'user_plays@1': [null, null], 'song_plays@1': [8, 8] });
  expect(lines.filter(line => line.level === 'ERROR')).toEqual([]);
});

/** In how many days each table's rows may be dropped. */
async function expiries(url: string) {
  const client = testClient(url);
  const days: Record<string, (number | null)[]> = {};
  for (const [table, name] of Object.entries(tables)) {
    const { Items = [] } = await client.send(new ScanCommand({ TableName: name }));
    days[table] = Items.map(({ e }) =>
      e?.N === undefined ? null : Math.floor((Number(e.N) - Date.now() / 1_000) / 86_400),
    );
  }
  client.destroy();
  return days;
}

test('what is wrong with a read is said as the service says it', async () => {
  await startParts();
  const serve = createServeFunction(defined, environment);
  const codeOf = async (request: object) => {
    const { statusCode, body } = await serve(httpRequest('/v1/features', JSON.stringify(request)));
    return [statusCode, JSON.parse(body).error.code];
  };
  const entities = [{ user: 'u1' }];
  expect(await codeOf({ group: 'none', entities })).toEqual([404, 'not-found']);
  expect(await codeOf({ group: 'user_plays', entities: [{}] })).toEqual([400, 'bad-key']);
  expect(await codeOf({ group: 'user_plays', entities, deadlineMs: 0 })).toEqual([400, 'bad-time']);
  const yesterday = Date.now() - 25 * 3_600_000;
  expect(await codeOf({ group: 'user_plays', entities, asOf: yesterday })).toEqual([400, 'past-time']);
});

test('a thousand reads at once are all answered', async () => {
  await startParts();
  const serve = createServeFunction(defined, environment);
  // A read has 5 seconds for its rows, which all thousand take together where the machine has other work.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) =>
      serve(
        httpRequest('/v1/features', JSON.stringify({ group: 'user_plays', entities: [{ user: `u${i}` }] })),
      ),
    ),
  );
  const statuses = answers.map(({ statusCode, body }) => [statusCode, JSON.parse(body).entities?.[0].status]);
  expect(statuses).toEqual(answers.map(() => [200, 'unknown']));
}, 60_000);

test('events are refused while the transform has left earlier ones waiting for longer than it may', async () => {
  const { kinesis, lines } = await startParts();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
  const ingest = createIngestFunction(defined, {
    ...environment,
    MILLRACE_MAX_BEHIND_SECONDS: '60',
    MILLRACE_INCARNATIONS: '{"plays":"prod-plays-1"}',
  });
  const transform = createTransformFunction(defined, environment);
  const send = () => ingest(httpRequest('/v1/events', `[${playText()}]`));
  expect((await send()).statusCode).toBe(200);
  vi.advanceTimersByTime(61_000);
  const refused = await send();
  expect([refused.statusCode, refused.headers['retry-after'], JSON.parse(refused.body).error]).toEqual([
    429,
    '5',
    {
      code: 'behind',
      message: 'the transform of plays is 61 s behind, more than it may be: send the same again later',
    },
  ]);
  for (const records of kinesis.stored.values())
    if (records.length > 0) expect(await transform(batchOf(records))).toEqual({ batchItemFailures: [] });
  vi.advanceTimersByTime(2_000);
  expect((await send()).statusCode).toBe(200);
  expect(lines).toContainEqual(expect.objectContaining({ stream: 'plays', RequestsRefused: 1 }));
});
