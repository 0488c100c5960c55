import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { HttpApiEvent } from '../../functions/http-api.ts';
import { createIngestFunction } from '../../functions/ingest/index.ts';
import { definitions } from '../../lib/define/index.ts';
import { type KinesisServer, startKinesisServer } from '../support/kinesis-server.ts';
import { playText, userPlays } from '../support/plays.ts';
import { lambdaEnvironment } from './environment.ts';
import { httpRequest } from './http-request.ts';

const defined = definitions({ groups: [userPlays] });

let server: KinesisServer;
let lines: readonly Record<string, unknown>[];
beforeEach(async () => {
  server = await startKinesisServer({ shards: 2 });
  ({ lines } = lambdaEnvironment({ KINESIS: server.endpoint }));
});
afterEach(() => server.close());

const create = () => createIngestFunction(defined, { MILLRACE_STREAMS: '{"plays":"prod-plays"}' });

const request = (
  body: string | Buffer,
  { headers = {}, ...rest }: Partial<HttpApiEvent> = {},
): HttpApiEvent =>
  httpRequest('/v1/events', body, {
    rawQueryString: 'stream=plays',
    headers: { 'content-type': 'application/x-ndjson', ...headers },
    ...rest,
  });

const stored = () =>
  [...server.stored].flatMap(([shard, records]) =>
    records.flatMap(({ sequence, data }) =>
      Buffer.from(data)
        .toString()
        .split('\n')
        .map((text, index) => ({ position: `plays/${shard}/${sequence}/${index}`, text })),
    ),
  );

test('each event gets its answer: where it is stored, or why it is refused', async () => {
  const texts = [playText({ user: 'u1' }), '{"user":', playText({ user: 'u2' }), playText({ user: 'u1' })];
  const { statusCode, headers, body } = await create()(request(texts.join('\n')));
  const answer = JSON.parse(body);
  expect([statusCode, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  expect(answer).toMatchObject({ accepted: 3, rejected: 1, failed: 0 });
  const at = new Map(stored().map(({ position, text }) => [position, text]));
  expect(answer.events.map((e: { position?: string }) => at.get(e.position ?? ''))).toEqual([
    texts[0],
    undefined,
    texts[2],
    texts[3],
  ]);
  expect(answer.events[1]).toMatchObject({ status: 'rejected', reason: 'not-json' });
});

test('metrics say what became of the events, as CloudWatch reads them from the log', async () => {
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'Millrace/prod');
  await create()(request(`${playText()}\nnot json`));
  const metrics = lines.filter(line => '_aws' in line);
  expect(Object.assign({}, ...metrics)).toMatchObject({
    stream: 'plays',
    EventsAccepted: 1,
    EventsRejected: 1,
    RecordsPut: 1,
  });
  expect(metrics.map(line => line._aws)).toEqual(
    metrics.map(() => ({
      Timestamp: expect.any(Number),
      CloudWatchMetrics: [
        { Namespace: 'Millrace/prod', Dimensions: [['stream']], Metrics: expect.any(Array) },
      ],
    })),
  );
});

test('metrics go to the namespace that the deployment names', async () => {
  vi.stubEnv('POWERTOOLS_METRICS_NAMESPACE', 'Millrace/dev');
  onTestFinished(() => void vi.unstubAllEnvs());
  await create()(request(playText()));
  const [metrics] = lines.filter(line => '_aws' in line);
  expect(metrics).toMatchObject({ _aws: { CloudWatchMetrics: [{ Namespace: 'Millrace/dev' }] } });
});

test.each<[string, HttpApiEvent]>([
  ['in base64', request(Buffer.from(playText()))],
  ['as JSON', request(`[${playText()}]`, { headers: { 'content-type': 'application/json' } })],
  ['in gzip', request(gzipSync(playText()), { headers: { 'content-encoding': 'gzip' } })],
  ['to the only stream there is', request(playText(), { rawQueryString: '' })],
])('events come %s', async (_, event) => {
  expect(await create()(event)).toMatchObject({ statusCode: 200 });
  expect(stored().map(({ text }) => text)).toEqual([playText()]);
});

test.each<[HttpApiEvent, number, string]>([
  [request(playText(), { rawQueryString: 'stream=other' }), 404, 'not-found'],
  [request(playText(), { rawQueryString: 'shard=1' }), 400, 'bad-request'],
  [request(playText(), { rawQueryString: 'stream=plays&stream=plays' }), 400, 'bad-request'],
  [request(playText(), { rawPath: '/v1/other' }), 404, 'not-found'],
  [request('{', { headers: { 'content-type': 'application/json' } }), 400, 'not-json'],
  [request(playText(), { headers: { 'content-type': 'text/plain' } }), 415, 'wrong-type'],
  [request(playText(), { headers: { 'content-encoding': 'br' } }), 415, 'wrong-type'],
  [request(playText(), { headers: { 'content-encoding': 'gzip' } }), 400, 'bad-encoding'],
  [request(gzipSync(Buffer.alloc(9 << 20)), { headers: { 'content-encoding': 'gzip' } }), 413, 'too-large'],
  [request(playText(), { requestContext: { requestId: 'r', http: { method: 'GET' } } }), 405, 'wrong-method'],
])('what is wrong with a request is said: %#', async (event, status, code) => {
  const { statusCode, body } = await create()(event);
  expect([statusCode, JSON.parse(body).error.code]).toEqual([status, code]);
  expect(stored()).toEqual([]);
});

test.each([
  ['the caller', 'checkout-17', 'checkout-17'],
  ['nobody', undefined, 'request-1'],
  ['somebody who writes into logs', 'a\nb', 'request-1'],
])('the correlation id is that of %s', async (_, given, id) => {
  const { headers } = await create()(request(playText(), { headers: { 'x-correlation-id': given } }));
  expect(headers['x-correlation-id']).toBe(id);
});

describe('where Kinesis does not take events', () => {
  test('and none are stored, the whole request may come again', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    server.fault = operation => {
      if (operation === 'PutRecords') vi.advanceTimersByTime(20_000);
      return operation === 'PutRecords' ? { kind: 'throttle', records: () => true } : null;
    };
    const { statusCode, headers, body } = await create()(request(playText()));
    vi.useRealTimers();
    expect([statusCode, headers['retry-after'], JSON.parse(body).error.code]).toEqual([429, '1', 'behind']);
  });

  test('for good, that is the answer of each', async () => {
    server.fault = operation =>
      operation === 'PutRecords' ? { kind: 'status', status: 400, type: 'ResourceNotFoundException' } : null;
    const { statusCode, body } = await create()(request(playText()));
    expect([statusCode, JSON.parse(body)]).toMatchObject([
      200,
      { failed: 1, events: [{ status: 'failed', reason: 'refused' }] },
    ]);
  });
});

const limited = {
  MILLRACE_STREAMS: '{"plays":"prod-plays"}',
  MILLRACE_MAX_BEHIND_SECONDS: '60',
  MILLRACE_PROGRESS_TABLE: 'prod-progress',
  MILLRACE_INCARNATIONS: '{"plays":"prod-plays-1"}',
};

test.each<[Record<string, string>, RegExp]>([
  [{}, /MILLRACE_STREAMS is not set/],
  [{ MILLRACE_STREAMS: 'plays' }, /no JSON object of texts: plays/],
  [{ MILLRACE_STREAMS: '{"plays":1}' }, /no JSON object of texts/],
  [{ MILLRACE_STREAMS: '{"clicks":"c"}' }, /the Plan has no stream clicks/],
  [{ ...limited, MILLRACE_MAX_BEHIND_SECONDS: '-1' }, /MILLRACE_MAX_BEHIND_SECONDS is no number above 0: -1/],
  [{ ...limited, MILLRACE_PROGRESS_TABLE: '' }, /MILLRACE_PROGRESS_TABLE is not set/],
  [{ ...limited, MILLRACE_INCARNATIONS: '{}' }, /MILLRACE_INCARNATIONS has no life of stream plays/],
])('a wrong configuration stops the start: %j', (environment, message) => {
  expect(() => createIngestFunction(defined, environment)).toThrow(message);
});
