import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import {
  type ClientOptions,
  createClient,
  DeadlineError,
  RequestRefusedError,
  ServiceUnreachableError,
  UnacknowledgedEventsError,
} from '../../lib/client/index.ts';
import { clientOf, startService } from '../service/running.ts';
import definitions from './definitions.ts';
import { accept, failSome, hangUp, ignore, refuse, scriptService } from './scripted-service.ts';

const clientAt = (url: string, options: ClientOptions = {}) => createClient(definitions, { url }, options);
const tick = (n: number) => ({ at: n, user: `user${n}` });
const ticks = (count: number) => Array.from({ length: count }, (_, n) => tick(n));
const play = {
  user: 'ann',
  item: 1n,
  kind: 'view',
  price: null,
  loud: false,
  codes: [],
  device: { os: 'x' },
} as const;

/** What a call that must fail throws. */
async function failure(call: Promise<unknown>): Promise<UnacknowledgedEventsError> {
  const error = await call.then(
    () => expect.unreachable('it was acknowledged'),
    error => error,
  );
  expect(error).toBeInstanceOf(UnacknowledgedEventsError);
  return error;
}

describe('events share requests', () => {
  test('calls at one time go together, in their order, and each gets its own outcomes', async () => {
    const service = await scriptService(accept);
    const client = clientAt(service.url);
    const outcomes = await Promise.all([
      client.send('ticks', tick(0)),
      client.send('ticks', [tick(1), tick(2)]),
      client.send('ticks', tick(3)),
    ]);
    expect(service.received.map(({ path, events }) => [path, events])).toEqual([
      ['/v1/events?stream=ticks', ticks(4)],
    ]);
    const accepted = (i: number) => ({ status: 'accepted', position: `s/${i}` });
    expect(outcomes).toEqual([[accepted(0)], [accepted(1), accepted(2)], [accepted(3)]]);
  });

  test('a stream has requests of its own', async () => {
    const service = await scriptService(accept);
    const client = clientAt(service.url);
    await Promise.all([client.send('ticks', tick(0)), client.send('plays', { ...play, at: 1 })]);
    expect(service.received.map(({ path }) => path).sort()).toEqual([
      '/v1/events?stream=plays',
      '/v1/events?stream=ticks',
    ]);
  });

  test('of bounded counts', async () => {
    const service = await scriptService(accept);
    await clientAt(service.url, { batchEvents: 4, requestsInFlight: 1 }).send('ticks', ticks(10));
    expect(service.received.map(({ events }) => events.length)).toEqual([4, 4, 2]);
    expect(service.received.flatMap(({ events }) => events)).toEqual(ticks(10));
  });

  test('of bounded bytes; a larger event goes alone', async () => {
    const service = await scriptService(accept);
    const users = ['a'.repeat(40), 'b'.repeat(300), 'c', 'd'].map(user => ({ at: 1, user }));
    await clientAt(service.url, { batchBytes: 100, requestsInFlight: 1 }).send('ticks', users);
    expect(service.received.map(({ events }) => events.map(event => (event.user as string)[0]))).toEqual([
      ['a'],
      ['b'],
      ['c', 'd'],
    ]);
  });

  test('no more of them at a time than allowed', async () => {
    let most = 0;
    let held: (() => void)[] = [];
    const service = await scriptService((response, received) => {
      held.push(() => accept(response, received));
      most = Math.max(most, held.length);
      if (held.length < 3) return;
      setImmediate(() => {
        for (const answer of held) answer();
        held = [];
      });
    });
    await clientAt(service.url, { batchEvents: 1, requestsInFlight: 3 }).send('ticks', ticks(30));
    expect(service.received).toHaveLength(30);
    expect(most).toBe(3);
  });

  test('halved where the service takes less', async () => {
    const service = await scriptService((response, received) =>
      (received.events.length > 2 ? refuse(400, 'too-many') : accept)(response, received),
    );
    const client = clientAt(service.url, { requestsInFlight: 1 });
    const outcomes = await client.send('ticks', ticks(5));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill('accepted'));
    const taken = service.received.filter(({ events }) => events.length <= 2);
    expect(taken.flatMap(({ events }) => events)).toEqual(ticks(5));
  });

  test('packed above a size, and only there', async () => {
    const service = await scriptService(accept);
    const client = clientAt(service.url, { gzipBytes: 500 });
    await client.send('ticks', ticks(3));
    await client.send('ticks', ticks(100));
    expect(service.received.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip']);
    expect(service.received[1]!.events).toEqual(ticks(100));
  });
});

describe('ids', () => {
  test('are made where the stream wants one and the event has none, and are the same in every try', async () => {
    const service = await scriptService(refuse(503, 'unavailable'), hangUp, accept);
    const client = clientAt(service.url);
    await client.send('plays', [
      { ...play, at: 1 },
      { ...play, at: 2, id: 'mine' },
      { ...play, at: 3 },
    ]);
    expect(service.received).toHaveLength(3);
    const ids = service.received.map(({ events }) => events.map(({ id }) => id));
    expect(ids[0]).toEqual([
      expect.stringMatching(/^[\da-f-]{36}$/),
      'mine',
      expect.stringMatching(/^[\da-f-]{36}$/),
    ]);
    expect(new Set(ids[0]).size).toBe(3);
    expect(ids).toEqual([ids[0], ids[0], ids[0]]);
  });

  test('are not made where the stream has none', async () => {
    const service = await scriptService(accept);
    await clientAt(service.url).send('ticks', tick(0));
    expect(service.received[0]!.events).toEqual([tick(0)]);
  });

  test('make an event whose answer was lost count once', async () => {
    const service = await startService({ definitions });
    let lost = 0;
    // In between, every first answer of two goes missing.
    const between = createServer(async (request, response) => {
      const reply = await fetch(service.url + request.url, {
        method: 'POST',
        headers: { 'content-type': request.headers['content-type']! },
        body: request,
        duplex: 'half',
      } as unknown as RequestInit);
      const text = await reply.text();
      if (lost++ % 2 === 0) response.destroy();
      else response.end(text);
    });
    await new Promise<void>(resolve => between.listen(0, '127.0.0.1', resolve));
    const client = clientAt(`http://127.0.0.1:${(between.address() as { port: number }).port}`);
    for (let n = 0; n < 5; n++) await client.send('plays', { ...play, at: Date.now() });
    between.close();
    expect(lost).toBe(10);
    await clientOf(service.url).caughtUp();
    const { values } = await clientAt(service.url).readGroup('user_plays', { user: 'ann' });
    expect(values.plays_lifetime).toBe(5);
  });
});

describe('what may pass is tried again', () => {
  test.each([
    ['a service that is behind', refuse(429, 'behind', { 'retry-after': '0' })],
    ['a service that stops', refuse(503, 'unavailable')],
    ['a slow connection', refuse(408, 'timeout')],
    ['a gateway without service', refuse(502, 'bad-gateway')],
    ['a broken connection', hangUp],
  ])('%s', async (_, step) => {
    const service = await scriptService(step, step, accept);
    expect(await clientAt(service.url).send('ticks', tick(1))).toMatchObject([{ status: 'accepted' }]);
    expect(service.received).toHaveLength(3);
  });
});

test('a restart of the service is not noticed, and every event counts once', async () => {
  const first = await startService({ definitions });
  const client = clientAt(first.url, { lingerMs: 1 });
  let sent = 0;
  let restarted = false;
  const producers = Array.from({ length: 4 }, async () => {
    while (!restarted || sent < 400) {
      sent++;
      await client.send('plays', { ...play, at: Date.now() });
    }
  });
  while (sent < 100) await new Promise(resolve => setImmediate(resolve));
  await first.stop();
  const { directory } = first.local;
  const second = await startService({ definitions, directory, port: Number(new URL(first.url).port) });
  restarted = true;
  await Promise.all(producers);
  await second.caughtUp();
  const { values } = await client.readGroup('user_plays', { user: 'ann' });
  expect(values.plays_lifetime).toBe(sent);
  expect(sent).toBeGreaterThanOrEqual(400);
});

describe('what will not pass is not', () => {
  test.each([
    [400, 'bad-request'],
    [404, 'not-found'],
    [413, 'too-large'],
    [415, 'wrong-type'],
    [500, 'internal'],
  ])('%i %s', async (status, code) => {
    const service = await scriptService(refuse(status, code));
    const { outcomes, events, message } = await failure(clientAt(service.url).send('ticks', [tick(1)]));
    expect(service.received).toHaveLength(1);
    expect(outcomes).toEqual([
      { status: 'unacknowledged', error: expect.any(RequestRefusedError), event: tick(1) },
    ]);
    expect(outcomes[0]).toMatchObject({ error: { code, status } });
    expect(events).toEqual([tick(1)]);
    expect(message).toMatch(
      new RegExp(`^1 of 1 events for ticks were not acknowledged\\. .* answers ${status} ${code}: told so`),
    );
  });

  test('an answer that is none', async () => {
    const service = await scriptService(response => response.end('{"events":[]}'));
    const { message } = await failure(clientAt(service.url).send('ticks', tick(1)));
    expect(message).toMatch(/did not answer for each of 1 events/);
    const other = await scriptService(response => response.writeHead(404).end('<html>'));
    await expect(failure(clientAt(other.url).send('ticks', tick(1)))).resolves.toMatchObject({
      message: expect.stringMatching(/404 unknown: is this a Millrace service\?/),
    });
  });
});

describe('after the deadline', () => {
  test('no service: how often it was tried, why it failed, and what to do', async () => {
    const { url, stop } = await scriptService(accept);
    await stop();
    const { cause } = await failure(clientAt(url, { sendDeadlineMs: 1_000 }).send('ticks', tick(1)));
    expect(cause).toBeInstanceOf(ServiceUnreachableError);
    const { tries, message } = cause as ServiceUnreachableError;
    expect(tries).toBeGreaterThan(1);
    expect(message).toBe(
      `the service at ${url} does not answer, after ${tries} tries (ECONNREFUSED): start it with millrace dev, or check its URL`,
    );
  });

  test('a service that stays behind: what it said', async () => {
    const service = await scriptService(refuse(429, 'behind', { 'retry-after': '3600' }));
    const { cause } = await failure(clientAt(service.url).send('ticks', tick(1)));
    expect(cause).toBeInstanceOf(DeadlineError);
    expect((cause as Error).message).toMatch(
      /no success in one try within 60000 ms; its last answer: .*behind/,
    );
    expect(service.received).toHaveLength(1);
  });

  test('a service that does not answer: they may have arrived, and can be sent again as the same', async () => {
    const service = await scriptService(ignore, accept);
    const client = clientAt(service.url, { sendDeadlineMs: 1_000 });
    const { cause, events } = await failure(client.send('plays', { ...play, at: 1 }));
    expect(cause).toBeInstanceOf(DeadlineError);
    await clientAt(service.url).send('plays', events as never[]);
    expect(service.received[1]!.events).toEqual(service.received[0]!.events);
    expect(service.received[0]!.events[0]!.id).toMatch(/^[\da-f-]{36}$/);
  });

  test('some of a call may be acknowledged, and which is told', async () => {
    const service = await scriptService(accept, refuse(400, 'bad-request'));
    const { outcomes, events, message } = await failure(
      clientAt(service.url, { batchEvents: 2, requestsInFlight: 1 }).send('ticks', ticks(4)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual([
      'accepted',
      'accepted',
      'unacknowledged',
      'unacknowledged',
    ]);
    expect(events).toEqual([tick(2), tick(3)]);
    expect(message).toMatch(/^2 of 4 events/);
  });
});

describe('events that wait', () => {
  test('are sent by flush, which waits for their outcomes', async () => {
    const service = await scriptService(accept);
    const client = clientAt(service.url, { lingerMs: 60_000 });
    let settled = 0;
    for (const one of ticks(3)) void client.send('ticks', one).then(() => settled++);
    expect(service.received).toHaveLength(0);
    await client.flush();
    expect(settled).toBe(3);
    expect(service.received).toHaveLength(1);
  });

  test('are sent by close, after which nothing is taken', async () => {
    const service = await scriptService(accept);
    const client = clientAt(service.url, { lingerMs: 60_000 });
    const sent = client.send('ticks', tick(1));
    await client.close();
    await client.close();
    expect(await sent).toMatchObject([{ status: 'accepted' }]);
    const closed = { name: 'ClientClosedError' };
    await expect(client.send('ticks', tick(2))).rejects.toMatchObject(closed);
    await expect(client.readGroup('user_ticks', { user: 'ann' })).rejects.toMatchObject(closed);
  });

  test('are bounded: what is too much is refused at once, and taken when there is room', async () => {
    const service = await scriptService(accept);
    const client = clientAt(service.url, { bufferBytes: 100 });
    const first = client.send('ticks', ticks(10));
    await expect(client.send('ticks', tick(1))).rejects.toMatchObject({
      name: 'BufferFullError',
      message: expect.stringMatching(/\d+ bytes of events wait .*100 at most: await earlier calls/),
    });
    expect(await first).toHaveLength(10);
    expect(await client.send('ticks', tick(1))).toMatchObject([{ status: 'accepted' }]);
  });
});

describe('a client that cannot be', () => {
  test.each([
    ['127.0.0.1:4600', {}, /is no URL of a service/],
    ['http://127.0.0.1', { requestsInFlight: 0 }, /option requestsInFlight is 0: give a number from 1/],
    ['http://127.0.0.1', { retries: 3 }, /there is no option retries; there are batchEvents/],
  ])('%s %o', (url, options, message) => {
    expect(() => clientAt(url, options as ClientOptions)).toThrow(message);
  });
});

describe('events that could not be stored', () => {
  const isOdd = (user: unknown) => Number(String(user).slice(4)) % 2 === 1;

  test.each(['throttled', 'unavailable'])('for now (%s) are sent again, and only they', async reason => {
    const service = await scriptService(
      failSome(isOdd, reason),
      failSome(user => user === 'user3', reason),
      accept,
    );
    const outcomes = await clientAt(service.url).send('ticks', ticks(6));
    expect(service.received.map(({ events }) => events.map(({ user }) => user))).toEqual([
      ['user0', 'user1', 'user2', 'user3', 'user4', 'user5'],
      ['user1', 'user3', 'user5'],
      ['user3'],
    ]);
    expect(outcomes.map(outcome => (outcome.status === 'accepted' ? outcome.position : outcome))).toEqual([
      's/0',
      's/0',
      's/2',
      's/0',
      's/4',
      's/2',
    ]);
  });

  test('until the deadline are not acknowledged, and the others are', async () => {
    const service = await scriptService(failSome(isOdd, 'throttled'));
    const error = await failure(clientAt(service.url, { sendDeadlineMs: 1_000 }).send('ticks', ticks(4)));
    expect(error.outcomes.map(({ status }) => status)).toEqual([
      'accepted',
      'unacknowledged',
      'accepted',
      'unacknowledged',
    ]);
    expect(error.events).toEqual([tick(1), tick(3)]);
    expect(error.cause).toBeInstanceOf(DeadlineError);
    expect(error.message).toContain('told so: throttled');
    expect(service.received.length).toBeGreaterThan(1);
  });

  test('at all are not sent again: too large is rejected, refused is not acknowledged', async () => {
    const large = await scriptService(failSome(isOdd, 'too-large'));
    const outcomes = await clientAt(large.url).send('ticks', ticks(2));
    expect(outcomes[1]).toEqual({ status: 'rejected', reason: 'too-large', message: 'told so: too-large' });
    const refusing = await scriptService(failSome(isOdd, 'refused'));
    const error = await failure(clientAt(refusing.url).send('ticks', ticks(2)));
    expect(error.cause).toMatchObject({ name: 'RequestRefusedError', code: 'refused' });
    expect([large.received.length, refusing.received.length]).toEqual([1, 1]);
  });
});
