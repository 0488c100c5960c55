import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Client, createClient, type RequestRefusedError } from '../../lib/client/index.ts';
import { serve } from '../../lib/local/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { clientOf, startService } from '../service/running.ts';
import definitions from './definitions.ts';

/* What a client gives does not depend on where the service is: the same calls over HTTP and in process. */

type TestClient = Client<typeof definitions>;

const big = 7301234567890123456n;
const at = Date.now() - 1_000;
const play = {
  user: 'ann',
  item: big,
  kind: 'view',
  ms: 5,
  price: 1.25,
  loud: true,
  codes: [1n, -big],
  device: { os: 'ios', serial: big },
} as const;

let remote: TestClient;
let local: TestClient;
let caughtUp: () => Promise<void>;
beforeAll(async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
  const service = await serve({
    directory,
    definitions,
    create: true,
    port: 0,
    windowMs: 1,
    durability: 'os',
  });
  remote = createClient(definitions, { url: service.url });
  local = createClient(definitions, { service });
  caughtUp = clientOf(service.url).caughtUp;
  await remote.send('plays', { ...play, at });
  await local.send('plays', [
    { ...play, at: at + 1, item: 7n, kind: 'like', ms: undefined, price: null, device: { os: 'web' } },
    { ...play, at: at + 2, user: 'bob', item: 2n ** 63n - 1n, score: null, codes: [] },
  ]);
  await caughtUp();
  return async () => {
    await service.stop();
    rmSync(directory, { recursive: true });
  };
});

const asOf = Date.now() + 60_000;
const context = { bonus: 1n, since: 1 };
const pair = (user: string, item: bigint) => ({ user, item });

describe('reads are the same over HTTP and in process', () => {
  const reads: [what: string, read: (client: TestClient) => Promise<unknown>][] = [
    ['a group of one entity', c => c.readGroup('user_plays', { user: 'ann' }, { asOf })],
    [
      'a group of many',
      c => c.readGroup('user_plays', [{ user: 'ann' }, { user: 'cid' }, { user: 'bob' }], { asOf }),
    ],
    ['a key of int64', c => c.readGroup('item_plays', [{ item: big }, { item: big + 1n }], { asOf })],
    ['a service without context', c => c.read('users', { user: 'ann' }, { asOf })],
    ['a service', c => c.read('pairs', [pair('ann', big), pair('bob', 7n)], { asOf, context })],
    [
      'optional context',
      c => c.read('pairs', pair('ann', 7n), { asOf, context: { ...context, factor: 0.5 } }),
    ],
    ['a ranking of nothing', c => c.rank('pairs', { user: 'ann' }, [], { asOf, context })],
    [
      'a ranking',
      c => c.rank('pairs', { user: 'ann' }, [{ item: big }, { item: 7n }, { item: 8n }], { asOf, context }),
    ],
    [
      'a ranking where all is shared, flags included',
      async c => {
        const ranked = await c.rank('users', { user: 'ann' }, [{}, {}], { asOf });
        expect(ranked.entities.map(e => e.flags)).toEqual([
          { one_kind: 'overflow' },
          { one_kind: 'overflow' },
        ]);
        return ranked;
      },
    ],
    [
      'an item for many users',
      c => c.rank('pairs', { item: big }, [{ user: 'ann' }, { user: 'bob' }], { asOf, context }),
    ],
  ];
  test.each(reads)('%s', async (_, read) => {
    const expected = await read(local);
    expect(await read(remote)).toEqual(expected);
    expect(expected).toHaveProperty('asOf', asOf);
  });

  test('and are the values that the events make', async () => {
    const { status, values, flags } = await remote.readGroup('user_plays', { user: 'ann' });
    expect(status).toBe('known');
    expect(flags).toEqual({ one_kind: 'overflow' });
    expect(values).toEqual({
      plays_1h: 2,
      plays_lifetime: 2,
      ms: 5,
      item: 7n,
      items: [7n, big],
      item_set: [7n, big],
      views: [
        { item: 7n, ms: null },
        { item: big, ms: 5 },
      ],
      last_item_by_kind: { view: big, like: 7n },
      one_kind: expect.any(Object),
      spent: 1.25,
      score: null,
      loud: true,
      codes: [1n, -big],
      device: { os: 'web', serial: null },
      at: at + 1,
      ms_per_play: 2.5,
    });
    const ranked = await remote.rank('pairs', { user: 'ann' }, [{ item: big }, { item: 8n }], { context });
    expect(ranked.entities).toEqual([
      {
        status: 'known',
        values: {
          plays_lifetime: 2,
          item: 7n,
          ms: 5,
          item_plays: 1,
          item_latest: 'ann',
          shifted: 8n,
          is_recent: true,
          scaled: null,
        },
      },
      { status: 'known', values: expect.objectContaining({ item_plays: 0, item_latest: null }) },
    ]);
  });
});

test('a row that cannot be read is failed, and its values are null, defaults and counts too', async () => {
  const wrapStore = (store: StateStore): StateStore => ({
    ...store,
    read: (table, keys) =>
      table.startsWith('item_plays')
        ? Promise.reject(new StoreError('unavailable', 'no disk'))
        : store.read(table, keys),
  });
  const service = await startService({ definitions, wrapStore });
  const clients = [createClient(definitions, { service }), createClient(definitions, { url: service.url })];
  const [inProcess, overHttp] = await Promise.all(
    clients.map(client => client.read('pairs', pair('ann', 7n), { asOf, context })),
  );
  expect(inProcess).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('no disk'),
    values: { item_plays: null, shifted: null, plays_lifetime: 0 },
  });
  expect(overHttp).toEqual(inProcess);
});

test('rows that do not come in time are failed, and the others are there', async () => {
  const wrapStore = (store: StateStore): StateStore => ({
    ...store,
    read: (table, keys) => (table.startsWith('item_plays') ? new Promise(() => {}) : store.read(table, keys)),
  });
  const service = await startService({ definitions, wrapStore });
  const clients = [createClient(definitions, { service }), createClient(definitions, { url: service.url })];
  const [inProcess, overHttp] = await Promise.all(
    clients.map(client => client.read('pairs', pair('ann', 7n), { asOf, context, deadlineMs: 2_000 })),
  );
  expect(inProcess).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('1800 ms'),
    values: { item_plays: null, plays_lifetime: 0 },
  });
  expect(overHttp).toEqual(inProcess);
});

const failureOf = (read: Promise<unknown>): Promise<RequestRefusedError> =>
  read.then(
    () => expect.unreachable('it was answered'),
    error => error,
  );

describe('reads that cannot be answered are refused alike', () => {
  const late = { asOf: 0 };
  const reads: [what: string, read: (client: TestClient) => Promise<unknown>, message: RegExp][] = [
    ['a part of the key missing', c => c.readGroup('user_plays', {} as never), /user is missing/],
    ['an empty key', c => c.readGroup('user_plays', { user: '' }), /user is empty/],
    [
      'a time that is past',
      c => c.readGroup('user_plays', { user: 'ann' }, late),
      /not past the newest event/,
    ],
    [
      'context missing',
      c => c.read('pairs', pair('ann', 7n), { context: {} as never }),
      /needs context field bonus/,
    ],
    ['a service unknown', c => c.read('nothing' as 'users', { user: 'a' }), /no feature service "?nothing/],
  ];
  test.each(reads)('%s', async (_, read, message) => {
    const refusals = await Promise.all([local, remote].map(client => failureOf(read(client))));
    for (const refusal of refusals)
      expect(refusal).toMatchObject({
        name: 'RequestRefusedError',
        code: refusals[0]?.code,
        status: refusals[0]?.status,
        message: expect.stringMatching(message),
      });
  });
});

test('a number that JSON does not have is refused, not sent as null', async () => {
  for (const client of [local, remote]) {
    const read = client.read('pairs', pair('ann', 7n), { context: { ...context, factor: Number.NaN } });
    await expect(read).rejects.toMatchObject({
      name: 'RequestRefusedError',
      message: expect.stringMatching(/factor/),
    });
  }
});

describe('events are taken alike', () => {
  test('accepted, with their positions', async () => {
    for (const client of [local, remote]) {
      const one = await client.send('ticks', { at: new Date(), user: 'ann' });
      expect(one).toEqual([
        { status: 'accepted', position: expect.stringMatching(/^ticks\/shard-\d+\/\d+\/0$/) },
      ]);
      const many = await client.send('ticks', [{ at: new Date().toISOString(), user: 'ann' }]);
      expect(many).toEqual([{ status: 'accepted', position: expect.any(String) }]);
      expect(await client.send('ticks', [])).toEqual([]);
    }
    await caughtUp();
    expect((await local.readGroup('user_ticks', { user: 'ann' })).values.ticks).toBe(4);
  });

  test('rejected where they are no JSON, or too large, while others of the call are accepted', async () => {
    for (const client of [local, remote]) {
      const outcomes = await client.send('plays', [
        { ...play, at, user: 'cid', ms: Number.NaN },
        { ...play, at, user: 'cid' },
        { ...play, at: new Date(Number.NaN), user: 'cid' },
        { ...play, at, user: 'x'.repeat(300_000) },
      ]);
      expect(outcomes).toEqual([
        { status: 'rejected', reason: 'not-json', message: 'ms is NaN' },
        { status: 'accepted', position: expect.any(String) },
        { status: 'rejected', reason: 'not-json', message: 'at is an invalid date' },
        { status: 'rejected', reason: 'too-large', message: expect.any(String) },
      ]);
    }
  });
});
