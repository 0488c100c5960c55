import { expect, onTestFinished, test } from 'vitest';
import { createIngestFunction } from '../../functions/ingest/index.ts';
import { createServeFunction } from '../../functions/serve/index.ts';
import { createTransformFunction } from '../../functions/transform/index.ts';
import { progressTable, rowTable } from '../../lib/adapters/dynamodb/tables.ts';
import { definitions } from '../../lib/define/index.ts';
import type { KinesisEvent } from '../../lib/runtime/kinesis-batch.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { startDynalite } from '../adapters/dynamodb/servers.ts';
import { makeTable, testClient } from '../adapters/dynamodb/support.ts';
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
  MILLRACE_TABLES: '{"user_plays@1":"prod-user-plays","song_plays@1":"prod-song-plays"}',
  MILLRACE_PROGRESS_TABLE: 'prod-progress',
};

/** The parts of AWS that the functions stand between. */
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
  for (const name of ['prod-user-plays', 'prod-song-plays']) await makeTable(client, name, rowTable);
  await makeTable(client, 'prod-progress', progressTable);
  client.destroy();
  return { kinesis, s3, dynamo };
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
  const { kinesis, s3, dynamo } = await startParts();
  const { lines } = lambdaEnvironment({
    KINESIS: kinesis.endpoint,
    S3: s3.endpoint,
    DYNAMODB: dynamo.url,
  });
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
  expect(lines.filter(line => line.level === 'ERROR')).toEqual([]);
});

test('what is wrong with a read is said as the service says it', async () => {
  const { dynamo } = await startParts();
  lambdaEnvironment({ DYNAMODB: dynamo.url });
  const serve = createServeFunction(defined, environment);
  const codeOf = async (request: object) => {
    const { statusCode, body } = await serve(httpRequest('/v1/features', JSON.stringify(request)));
    return [statusCode, JSON.parse(body).error.code];
  };
  const entities = [{ user: 'u1' }];
  expect(await codeOf({ group: 'none', entities })).toEqual([404, 'not-found']);
  expect(await codeOf({ group: 'user_plays', entities: [{}] })).toEqual([400, 'bad-key']);
  expect(await codeOf({ group: 'user_plays', entities, deadlineMs: 0 })).toEqual([400, 'bad-time']);
});

test('a thousand reads at once are all answered', async () => {
  const { dynamo } = await startParts();
  lambdaEnvironment({ DYNAMODB: dynamo.url });
  const serve = createServeFunction(defined, environment);
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) =>
      serve(
        httpRequest('/v1/features', JSON.stringify({ group: 'user_plays', entities: [{ user: `u${i}` }] })),
      ),
    ),
  );
  const statuses = answers.map(({ statusCode, body }) => [statusCode, JSON.parse(body).entities?.[0].status]);
  expect(statuses).toEqual(answers.map(() => [200, 'unknown']));
});
