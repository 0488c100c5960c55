import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { createSignedFetch } from '../../../lib/adapters/aws/signed-fetch.ts';

const region = 'eu-west-1';
const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' };

async function startChecking() {
  const seen: { readonly request: IncomingMessage; readonly body: Buffer }[] = [];
  const server = createServer(async (request, response) => {
    seen.push({ request, body: await buffer(request) });
    response.end('{}');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { seen, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** AWS's "Create a signed AWS API request", step by step, of a request as it arrived. */
function signatureOf({ request, body }: { readonly request: IncomingMessage; readonly body: Buffer }) {
  const [, signedHeaders = '', given = ''] =
    /SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(request.headers.authorization ?? '') ?? [];
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
  const sorted = [...searchParams].sort(([a], [b]) => (a < b ? -1 : 1));
  const query = sorted.map(pair => pair.map(encodeURIComponent).join('=')).join('&');
  const headers = signedHeaders.split(';').map(name => `${name}:${request.headers[name]}\n`);
  const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const canonical = [request.method, pathname, query, headers.join(''), signedHeaders, sha256(body)].join(
    '\n',
  );
  const time = String(request.headers['x-amz-date']);
  const scope = [time.slice(0, 8), region, 'execute-api', 'aws4_request'];
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n');
  return { given, expected: hmac(key, toSign).toString('hex'), signedHeaders: signedHeaders.split(';') };
}

test('requests carry the signature that AWS computes of them', async () => {
  const { url, seen } = await startChecking();
  const send = createSignedFetch({ region, credentials });
  const body = '{"service":"ranking","entities":[{"user":"ü"}]}';
  await send(`${url}/dev/v1/features`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  await send(`${url}/v1/events?stream=plays&a=b%20c`, { method: 'POST', body: Buffer.from([0, 255, 10]) });
  await send(`${url}/v1/status`, { method: 'GET' });
  expect(seen).toHaveLength(3);
  for (const one of seen) {
    const { given, expected, signedHeaders } = signatureOf(one);
    expect(given).toBe(expected);
    expect(signedHeaders).toEqual(expect.arrayContaining(['host', 'x-amz-date', 'x-amz-security-token']));
  }
  expect(seen[0]?.body.toString()).toBe(body);
  expect(seen[1]?.body).toEqual(Buffer.from([0, 255, 10]));
});

test('without credentials nothing is sent', async () => {
  const { url, seen } = await startChecking();
  const send = createSignedFetch({
    region,
    credentials: async () => Promise.reject(new Error('no credentials')),
  });
  await expect(send(url, { method: 'GET' })).rejects.toThrow('no credentials');
  expect(seen).toEqual([]);
});
