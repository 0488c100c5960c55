import { request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Served } from '../../lib/local/index.ts';
import { type clientOf, json, posting as post, startBlameless } from './running.ts';

/* What every endpoint refuses in the same way, whatever it is for. */

let served: Served;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  const started = await startBlameless({ bodyBytes: 1 << 20 });
  ({ served, client } = started);
  return started.stop;
});

const taking = ['/v1/events', '/v1/features', '/v1/quarantine/redrive', '/v1/unapplied/redrive'];
const giving = ['/v1/status', '/health', '/ready', '/metrics', '/openapi.json'];

test('these are all the endpoints', async () => {
  const { paths } = (await client.ask('/openapi.json')).json;
  expect(Object.keys(paths).sort()).toEqual([...taking, ...giving].sort());
});

describe.each(taking)('POST %s refuses', path => {
  const large = '['.repeat(2 << 20);
  /** Of unknown length until it ends. */
  const streamed = () =>
    new ReadableStream({
      start(controller) {
        for (let i = 0; i < 32; i++) controller.enqueue(Buffer.alloc(1 << 16, ' '));
        controller.close();
      },
    });
  const cases: [what: string, init: RequestInit, status: number, code: string][] = [
    ['another type', post('{}', { 'content-type': 'text/plain' }), 415, 'wrong-type'],
    ['a form', post('a=1', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'wrong-type'],
    ['no type', post('{}', { 'content-type': '' }), 415, 'wrong-type'],
    ['a type that is none', post('{}', { 'content-type': 'json' }), 415, 'wrong-type'],
    ['another packing', post('{}', { 'content-encoding': 'br' }), 415, 'wrong-type'],
    ['two packings', post('{}', { 'content-encoding': 'gzip, gzip' }), 415, 'wrong-type'],
    ['what is not gzip', post('{}', { 'content-encoding': 'gzip' }), 400, 'bad-encoding'],
    ['a body too large', post(large), 413, 'too-large'],
    ['one too large in parts', { ...post(''), body: streamed(), duplex: 'half' }, 413, 'too-large'],
    ['one too large when unpacked', post(gzipSync(large), { 'content-encoding': 'gzip' }), 413, 'too-large'],
    ['no body', { method: 'POST' }, 400, 'bad-request'],
    ['an empty body', post(''), 400, 'not-json'],
    ['no JSON', post('{"a":'), 400, 'not-json'],
    ['a nesting without end', post('['.repeat(500_000)), 400, 'not-json'],
    ['what is neither object nor array', post('null'), 400, 'bad-request'],
    ['other methods', { method: 'PATCH' }, 405, 'wrong-method'],
  ];
  test.each(cases)('%s', async (_, init, status, code) => {
    const answer = await client.ask(path, init);
    expect(answer.json).toEqual({ error: { code, message: expect.any(String) } });
    expect(answer.status).toBe(status);
  });

  test('parameters that it does not have', async () => {
    const { status, json } = await client.ask(`${path}?verbose=1`, post('{}'));
    expect({ status, code: json.error.code }).toEqual({ status: 400, code: 'bad-request' });
  });
});

describe.each(giving)('GET %s', path => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'refuses %s, with a body or without',
    async method => {
      for (const init of [{ method }, { ...post('{'.repeat(2 << 20)), method }]) {
        const { status, json, headers } = await client.ask(path, init);
        expect({ status, code: json.error.code }).toEqual({ status: 405, code: 'wrong-method' });
        expect(headers.get('allow')).toBe('GET');
      }
    },
  );

  test('refuses parameters', async () => {
    const { status, json } = await client.ask(`${path}?verbose=1`);
    expect({ status, code: json.error.code }).toEqual({ status: 400, code: 'bad-request' });
  });
});

describe('clients that misbehave', () => {
  /** Of a service that waits for no request for long; to it alone a slow machine looks like a slow client. */
  let port: number;
  beforeAll(async () => {
    const impatient = await startBlameless({ requestMs: 300 });
    port = Number(new URL(impatient.served.url).port);
    return impatient.stop;
  });

  /** What comes back on a connection on which these bytes are sent, and then `drop` again and again. */
  const raw = (bytes: string, drop = '') =>
    new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      const drops = setInterval(() => socket.writable && socket.write(drop), 50);
      socket.on('close', () => clearInterval(drops));
      socket.on('data', part => {
        text += part;
      });
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
    });

  test('what is not HTTP is told so', async () => {
    expect(await raw('hello\r\n\r\n')).toMatch(/^HTTP\/1.1 400 .*"code":"bad-request"/s);
  });

  test('headers without end are cut', async () => {
    const answer = await raw(`GET /health HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 .*"code":"headers-too-large"/s);
  });

  test.each(taking)('a body for %s that never ends is given up', async path => {
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${json}\r\ncontent-length: 100\r\n\r\n[`;
    expect(await raw(head)).toMatch(/^HTTP\/1.1 408 .*"code":"timeout"/s);
  });

  test.each(taking)('so is one for %s in parts that come too slowly', async path => {
    const head = `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${json}\r\ntransfer-encoding: chunked\r\n\r\n`;
    expect(await raw(head, '1\r\n[\r\n')).toMatch(/^HTTP\/1.1 408 .*"code":"timeout"/s);
  });

  test.each([...taking, ...giving])('headers for %s that never end are given up', async path => {
    expect(await raw(`GET ${path} HTTP/1.1\r\nhost: x\r\n`)).toMatch(/^HTTP\/1.1 408 .*"code":"timeout"/s);
  });

  test('one that reads nothing of its answers holds up nobody', async () => {
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1');
    socket.pause();
    socket.write('GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(200));
    for (let i = 0; i < 20; i++) expect((await client.ask('/health')).status).toBe(200);
    socket.destroy();
  });

  test('a client that goes away midway leaves the service well', async () => {
    await new Promise<void>(resolve => {
      const sent = request(`${served.url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': json, 'content-length': 1_000 },
      });
      sent.on('error', () => resolve());
      sent.write('[', () => sent.destroy());
    });
    expect((await client.ask('/health')).status).toBe(200);
  });
});
