import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Served } from '../../lib/local/index.ts';
import { type clientOf, ndjson, posting as post, startBlameless, visit } from './running.ts';

const limits = { bodyBytes: 1 << 20, eventsPerRequest: 100, entitiesPerRequest: 3 };

let served: Served;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  const started = await startBlameless(limits);
  ({ served, client } = started);
  return started.stop;
});

describe('events that are taken', () => {
  const large = JSON.stringify('x'.repeat(300_000));
  const cases: [what: string, body: string | Buffer, headers: Record<string, string>, statuses: string][] = [
    ['one object', visit(1), {}, 'accepted'],
    ['one object over several lines', JSON.stringify(JSON.parse(visit(2)), null, 2), {}, 'accepted'],
    ['an array', `[${visit(3)},${visit(4)}]`, {}, 'accepted accepted'],
    [
      'an array over several lines',
      JSON.stringify(
        [1, 2].map(() => JSON.parse(visit(5))),
        null,
        '\t',
      ),
      {},
      'accepted accepted',
    ],
    ['an empty array', ' [ ] ', {}, ''],
    ['lines', `${visit(6)}\n${visit(7)}\n`, { 'content-type': ndjson }, 'accepted accepted'],
    [
      'lines with CRLF and blank ones',
      `${visit(8)}\r\n\r\n \n${visit(9)}`,
      { 'content-type': ndjson },
      'accepted accepted',
    ],
    [
      'a bad line among good ones',
      `${visit(10)}\n{"id":\n${visit(11)}`,
      { 'content-type': ndjson },
      'accepted rejected accepted',
    ],
    ['a line that is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), { 'content-type': ndjson }, 'rejected'],
    ['a line too large', `${large}\n${visit(12)}`, { 'content-type': ndjson }, 'rejected accepted'],
    ['an element too large', `[${large},${visit(13)}]`, {}, 'rejected accepted'],
    ['gzip', gzipSync(`[${visit(14)}]`), { 'content-encoding': 'gzip' }, 'accepted'],
    ['a charset in the type', visit(15), { 'content-type': 'application/json; charset=utf-8' }, 'accepted'],
    ['the stream by name', visit(16), { path: '/v1/events?stream=visits' }, 'accepted'],
    [
      'JSON that is no event of the stream',
      '[1, null, "[,]", {"a":[{}]}, []]',
      {},
      'accepted accepted accepted accepted accepted',
    ],
  ];
  test.each(cases)('%s', async (_, body, { path = '/v1/events', ...headers }, statuses) => {
    const { status, json } = await client.post(path, body as RequestInit['body'], headers);
    expect(status).toBe(200);
    const found = json.events.map((event: { status: string }) => event.status);
    expect(found.join(' ')).toBe(statuses);
    const accepted = found.filter((one: string) => one === 'accepted').length;
    expect(json).toMatchObject({ accepted, rejected: found.length - accepted });
  });

  test('an event keeps its bytes: a number is not rounded on the way', async () => {
    const body = `[{"id":1, "page":73012345678901234567, "x":"[\\"]{,"}]`;
    const { json } = await client.post('/v1/events', body);
    await client.caughtUp();
    const quarantined = await served.local.quarantine.get(json.events[0].position);
    expect(Buffer.from(quarantined!.payload).toString()).toBe(body.slice(1, -1));
  });
});

describe('requests that are refused', () => {
  const features = '/v1/features';
  const events = '/v1/events';
  const asked = (more: object) => JSON.stringify({ group: 'visitor', entities: [{ user: 'ann' }], ...more });
  const cases: [path: string, init: RequestInit, status: number, code: string, message: RegExp][] = [
    ['/nothing', {}, 404, 'not-found', /there is \/v1\/events/],
    [events, {}, 405, 'wrong-method', /takes POST, not GET/],
    ['/metrics', { method: 'DELETE' }, 405, 'wrong-method', /takes GET/],
    ['/ready', { method: 'QUERY' }, 405, 'wrong-method', /takes GET/],
    ['/none', post('x'), 404, 'not-found', /there is no \/none/],
    ['/%zz', {}, 400, 'bad-request', /% signs/],
    ['/health?verbose=1', {}, 400, 'bad-request', /no parameter verbose/],
    [`${events}?stream=a&stream=b`, post(visit(1)), 400, 'bad-request', /once/],
    [`${events}?stream=clicks`, post(visit(1)), 404, 'not-found', /there is visits/],
    [events, post(visit(1), { 'content-type': 'text/plain' }), 415, 'wrong-type', /application\/x-ndjson/],
    [events, post(visit(1), { 'content-type': '' }), 415, 'wrong-type', /content-type/],
    [events, post(visit(1), { 'content-encoding': 'br' }), 415, 'wrong-type', /gzip/],
    [events, post(visit(1), { 'content-encoding': 'gzip' }), 400, 'bad-encoding', /not gzip/],
    [
      events,
      post(gzipSync(visit(1)).subarray(0, 30), { 'content-encoding': 'gzip' }),
      400,
      'bad-encoding',
      /gzip/,
    ],
    [
      events,
      post(gzipSync('['.repeat(2 << 20)), { 'content-encoding': 'gzip' }),
      413,
      'too-large',
      /1048576 bytes/,
    ],
    [events, post('x'.repeat(2 << 20)), 413, 'too-large', /several requests/],
    [events, post(`[${Array(101).fill(1)}]`), 400, 'too-many', /at most 100/],
    [events, post('{"id":'), 400, 'not-json', /not JSON/],
    [events, post('['.repeat(500_000)), 400, 'not-json', /not JSON/],
    [events, post('5'), 400, 'bad-request', /an event, or an array/],
    [events, post(Buffer.from([0x22, 0xff, 0x22])), 400, 'bad-encoding', /UTF-8/],
    [features, post('{'), 400, 'not-json', /not JSON/],
    [features, post('[]'), 400, 'bad-request', /must be an object/],
    [features, post(asked({}), { 'content-type': ndjson }), 415, 'wrong-type', /takes application\/json/],
    [features, { method: 'POST' }, 400, 'bad-request', /body is missing/],
    [features, post('{"entities":[]}'), 400, 'bad-request', /either a service or a group/],
    [features, post(asked({ service: 'greeting' })), 400, 'bad-request', /either a service or a group/],
    [features, post(asked({ group: 'visitors' })), 404, 'not-found', /there is visitor, visitor_page/],
    [features, post(asked({ group: 7 })), 400, 'bad-request', /name/],
    [features, post(asked({ entity: {} })), 400, 'bad-request', /unknown member "entity"/],
    [features, post(asked({ entities: [] })), 400, 'bad-request', /list of keys/],
    [features, post(asked({ entities: ['ann'] })), 400, 'bad-request', /entities\[0\] must be an object/],
    [features, post(asked({ entities: [{ name: 'ann' }] })), 400, 'bad-key', /user is missing/],
    [features, post(asked({ entities: [{ user: 5 }] })), 400, 'bad-key', /user is no string/],
    [features, post(asked({ entities: Array(4).fill({ user: 'a' }) })), 400, 'too-many', /at most 3/],
    [features, post(asked({ entities: [{ user: 'x'.repeat(2_000) }] })), 400, 'bad-key', /1024/],
    [features, post(asked({ context: {} })), 400, 'bad-request', /no context/],
    [features, post(asked({ asOf: 'now' })), 400, 'bad-time', /milliseconds/],
    [features, post(asked({ asOf: -9e15 })), 400, 'bad-time', /milliseconds/],
    [features, post(asked({ deadlineMs: 0 })), 400, 'bad-time', /above 0 and at most 5000/],
    [features, post(asked({ deadlineMs: 5001 })), 400, 'bad-time', /at most 5000/],
    [features, post(asked({ deadlineMs: '5' })), 400, 'bad-time', /milliseconds/],
    [features, post('{"service":"greeting","entities":[{"user":"a"}]}'), 400, 'bad-context', /factor/],
    [
      features,
      post('{"service":"greeting","entities":[{"user":"a"}],"context":[]}'),
      400,
      'bad-request',
      /context must/,
    ],
    ['/v1/quarantine/redrive', post('{"stream":"clicks"}'), 404, 'not-found', /there is visits/],
    [
      '/v1/quarantine/redrive',
      post('{"stream":"visits","reason":"x"}'),
      400,
      'bad-request',
      /one of not-json/,
    ],
    ['/v1/quarantine/redrive', post('{"stream":"visits","ids":[1]}'), 400, 'bad-request', /list of ids/],
    ['/v1/quarantine/redrive', post('{"all":true}'), 400, 'bad-request', /nothing else/],
    ['/v1/unapplied/redrive', post('[]'), 400, 'bad-request', /must be an object/],
    ['/v1/unapplied/redrive', post('{"all":true}'), 400, 'bad-request', /nothing else/],
    ['/v1/unapplied/redrive', post('{"table":1}'), 400, 'bad-request', /table must be text/],
    ['/v1/unapplied/redrive', post('{"table":"t","startAnew":1}'), 400, 'bad-request', /a boolean/],
    ['/v1/unapplied/redrive', post('{"key":"k"}'), 400, 'bad-request', /say which table/],
    ['/v1/unapplied/redrive', post('{"startAnew":true}'), 400, 'bad-request', /say which with table/],
  ];
  test.each(cases)('%s %o: %i %s', async (path, init, status, code, message) => {
    const answer = await client.ask(path, init);
    expect(answer.json).toEqual({ error: { code, message: expect.stringMatching(message) } });
    expect(answer.status).toBe(status);
  });

  test('what is asked wrongly names what is right', async () => {
    expect((await client.ask('/v1/events', { method: 'PUT' })).headers.get('allow')).toBe('POST');
  });

  test('a number past 2^53 as a key is refused, as text it is exact', async () => {
    const read = (page: string) =>
      client.post('/v1/features', `{"group":"visitor_page","entities":[{"user":"ann","page":${page}}]}`);
    expect(await read('7301234567890123456')).toMatchObject({ status: 400 });
    expect(await read('"7301234567890123456"')).toMatchObject({ status: 200 });
  });
});
