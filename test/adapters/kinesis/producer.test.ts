import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { EventOutcome } from '../../../lib/adapters/kinesis/outcome.ts';
import {
  createKinesisProducer,
  type KinesisProducerOptions,
  type PutObservation,
} from '../../../lib/adapters/kinesis/producer.ts';
import { hashKeyOf } from '../../../lib/adapters/kinesis/shard-map.ts';
import { unpackRecords } from '../../../lib/runtime/unpack-records.ts';
import { type Fault, type KinesisServer, startKinesisServer } from '../../support/kinesis-server.ts';

let server: KinesisServer;
beforeEach(async () => {
  server = await startKinesisServer({ shards: 4, pageSize: 3 });
});
afterEach(() => server.close());

const producerOf = (options: Partial<KinesisProducerOptions> = {}) =>
  createKinesisProducer({
    client: server.client,
    streamName: 'plays',
    backoffMs: 2,
    timeoutMs: 10_000,
    ...options,
  });

const eventOf = (key: string, n: number | string) => ({
  partitionKey: key,
  data: Buffer.from(JSON.stringify({ key, n })),
});
const many = (count: number, keys = 100) =>
  Array.from({ length: count }, (_, n) => eventOf(`k${(n * 7) % keys}`, n));

/** What consumers find: every event with its place. */
const found = () =>
  [...server.stored.values()].flatMap(records =>
    unpackRecords(records).map(({ shard, sequence, index = 0, data }) => ({
      at: `${shard}/${sequence}/${index}`,
      text: Buffer.from(data).toString(),
    })),
  );
const recordsStored = () => [...server.stored.values()].reduce((sum, list) => sum + list.length, 0);
const placeOf = (outcome: EventOutcome): string =>
  outcome.status === 'accepted' ? `${outcome.shard}/${outcome.sequence}/${outcome.index}` : outcome.reason;

describe('events', () => {
  test('are packed into a record a shard, and each is where its outcome says', async () => {
    const events = many(500);
    const outcomes = await producerOf().append(events);
    const texts = new Map(found().map(({ at, text }) => [at, text]));
    expect(outcomes.map(o => texts.get(placeOf(o)))).toEqual(events.map(e => e.data.toString()));
    expect([server.requests.length, recordsStored()]).toEqual([1, 4]);
  });

  test('of several calls in one turn share records', async () => {
    const producer = producerOf();
    const outcomes = await Promise.all(many(50, 50).map(event => producer.append([event])));
    expect(outcomes.flat().every(({ status }) => status === 'accepted')).toBe(true);
    expect(recordsStored()).toBe(4);
    expect(producer.pendingBytes()).toBe(0);
  });

  test('go into the shard of their own key, with a partition key of it', async () => {
    await producerOf().append(many(300));
    for (const [i, [shard, records]] of [...server.stored].entries()) {
      expect(records.length).toBeGreaterThan(0);
      for (const { data } of unpackRecords(records)) {
        const { key } = JSON.parse(Buffer.from(data).toString());
        const quarter = Number.parseInt(hashKeyOf(key)[0]!, 16) >> 2;
        expect([shard, quarter]).toEqual([shard, i]);
      }
    }
  });

  test('fill records up to their size, in as many requests as it takes', async () => {
    const events = Array.from({ length: 20 }, (_, n) => eventOf('one', String(n).padEnd(1000, 'x')));
    await producerOf({ recordBytes: 5_200 }).append(events);
    const [records] = [...server.stored.values()].filter(list => list.length > 0);
    expect(records!.map(({ data }) => Buffer.from(data).toString().split('\n').length)).toEqual([5, 5, 5, 5]);
  });

  test('wait for others as long as they may', async () => {
    const producer = producerOf({ lingerMs: 500 });
    const first = producer.append([eventOf('one', 1)]);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    await Promise.all([first, producer.append([eventOf('one', 2)])]);
    expect(recordsStored()).toBe(1);
  });

  test.each<[string, Uint8Array]>([
    ['of several lines', Buffer.from('{"n":1}\n{"n":2}')],
    ['without text', Buffer.from(' ')],
    ['without bytes', new Uint8Array()],
    ['that are aggregated', Buffer.of(0xf3, 0x89, 0x9a, 0xc2, 1)],
  ])('%s have a record of their own', async (_, data) => {
    const odd = { partitionKey: 'one', data };
    const events = [eventOf('one', 0), odd, odd, eventOf('one', 1)];
    const outcomes = await producerOf().append(events);
    expect(outcomes.map(o => o.status === 'accepted' && o.index)).toEqual([0, 0, 0, 0]);
    expect(recordsStored()).toBe(4);
  });

  test.each(['', 'ü'.repeat(128), 'k'.repeat(5_000), '\ud800'])('may have any key (%#)', async key => {
    const [outcome] = await producerOf().append([eventOf(key, 1)]);
    expect(outcome!.status).toBe('accepted');
    expect(server.requests[0]![0]!.PartitionKey).toMatch(/^.{1,256}$/u);
  });

  test('without a key are spread', async () => {
    await producerOf().append(Array.from({ length: 64 }, (_, n) => eventOf('', n)));
    expect([...server.stored.values()].every(records => records.length > 0)).toBe(true);
  });

  test('of none are answered at once', async () => {
    expect(await producerOf().append([])).toEqual([]);
  });

  test('that no record can hold fail alone', async () => {
    const large = { partitionKey: 'a', data: Buffer.alloc(1 << 20, 'x') };
    const outcomes = await producerOf().append([eventOf('a', 1), large, eventOf('a', 2)]);
    expect(outcomes.map(o => (o.status === 'failed' ? o.reason : o.status))).toEqual([
      'accepted',
      'too-large',
      'accepted',
    ]);
    expect(await producerOf().append([large])).toMatchObject([{ reason: 'too-large', uncertain: false }]);
  });
});

describe('what fails', () => {
  test('is tried again alone: a throttled record', async () => {
    const seen: PutObservation[] = [];
    server.fault = faultOnPuts(n => (n < 2 ? { kind: 'throttle', records: i => i === 0 } : null));
    const events = many(200);
    const outcomes = await producerOf({ observe: o => seen.push(o) }).append(events);
    expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
    expect(server.requests.map(records => records.length)).toEqual([4, 1, 1]);
    expect(found().length).toBe(200);
    expect(seen.map(({ records, throttled }) => [records, throttled])).toEqual([
      [4, 1],
      [1, 1],
      [1, 0],
    ]);
  });

  test('holds later events of its shard, and none of others', async () => {
    const [one, other] = ['k1', keyInOtherShard('k1')];
    let isThrottled = true;
    server.fault = faultOnPuts(n =>
      isThrottled ? { kind: 'throttle', records: i => keyAt(n, i) === one } : null,
    );
    const producer = producerOf();
    const held = [producer.append([eventOf(one, 1)]), producer.append([eventOf(one, 2)])];
    await producer.append([eventOf(other, 3)]);
    const late = producer.append([eventOf(one, 4)]);
    await producer.append([eventOf(other, 5)]);
    expect(found().map(({ text }) => JSON.parse(text).n)).toEqual([3, 5]);
    isThrottled = false;
    await Promise.all([...held, late]);
    const ofOne = found().flatMap(({ text }) => (JSON.parse(text).key === one ? [JSON.parse(text).n] : []));
    expect(ofOne).toEqual([1, 2, 4]);
  });

  test.each<[string, Fault, boolean]>([
    ['a reset', { kind: 'reset' }, false],
    ['a reset after it was stored', { kind: 'reset-after' }, true],
    ['an error of Kinesis', { kind: 'status', status: 500, type: 'InternalFailure' }, false],
    ['one after it was stored', { kind: 'status-after', status: 503, type: 'ServiceUnavailable' }, true],
    ['a throttled request', { kind: 'status', status: 400, type: 'LimitExceededException' }, false],
    ['an expired token', { kind: 'status', status: 400, type: 'ExpiredTokenException' }, false],
    ['no answer', { kind: 'silent' }, false],
  ])('is tried again after %s', async (_, fault, isTwice) => {
    server.fault = faultOnPuts(n => (n === 0 ? fault : null));
    // Short only where it has to pass: what takes longer is tried again, and would be there twice.
    const patience = fault.kind === 'silent' ? { requestMs: 1_000 } : {};
    const outcomes = await producerOf(patience).append([eventOf('a', 1), eventOf('b', 2)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'accepted']);
    expect(found().length).toBe(isTwice ? 4 : 2);
  });

  test.each<[string, Fault, string, boolean]>([
    ['is throttled', { kind: 'throttle', records: () => true }, 'throttled', false],
    ['is cut off', { kind: 'reset-after' }, 'unavailable', true],
    ['gets errors', { kind: 'status', status: 500, type: 'InternalFailure' }, 'unavailable', true],
  ])('for good, when its time is over: what %s', async (_, fault, reason, uncertain) => {
    server.fault = faultOnPuts(() => fault);
    // At least one answer has to come within it.
    const producer = producerOf({ timeoutMs: 500 });
    const outcomes = await producer.append([eventOf('a', 1)]);
    expect(outcomes).toMatchObject([{ status: 'failed', reason, uncertain }]);
    expect(producer.pendingBytes()).toBe(0);
  });

  test('at once, where Kinesis refuses the request', async () => {
    server.fault = faultOnPuts(() => ({ kind: 'status', status: 400, type: 'ResourceNotFoundException' }));
    const outcomes = await producerOf().append([eventOf('a', 1), eventOf('b', 2)]);
    const message = expect.stringMatching(/ResourceNotFoundException.*scripted/);
    const refused = { status: 'failed', reason: 'refused', uncertain: false, message };
    expect(outcomes).toEqual([refused, refused]);
    expect(server.requests.length).toBe(1);
  });

  test('at once, where the stream is not there', async () => {
    server.fault = () => ({ status: 400, kind: 'status', type: 'ResourceNotFoundException' });
    const outcomes = await producerOf().append([eventOf('a', 1), eventOf('b', 2)]);
    expect(outcomes).toMatchObject([{ reason: 'refused' }, { reason: 'refused' }]);
    expect([server.listings.length, server.requests.length]).toEqual([1, 0]);
  });

  test('is tried again where the shards were listed too slowly', async () => {
    server.fault = (operation, n) => (operation === 'ListShards' && n === 0 ? { kind: 'silent' } : null);
    expect(await producerOf({ requestMs: 100 }).append([eventOf('a', 1)])).toMatchObject([
      { status: 'accepted' },
    ]);
  });

  test('where the shards cannot be listed, when its time is over', async () => {
    server.fault = operation => (operation === 'ListShards' ? { kind: 'reset' } : null);
    const outcomes = await producerOf({ timeoutMs: 60 }).append([eventOf('a', 1)]);
    expect(outcomes).toMatchObject([{ reason: 'unavailable', uncertain: false }]);
  });
});

test('a call waits until there is room for it, behind those before it', async () => {
  let letGo = (): void => {};
  const isHeld = new Promise<void>(resolve => (letGo = resolve));
  server.before = () => isHeld;
  const producer = producerOf({ maxPendingBytes: 100 });
  const calls = ['x'.repeat(80), 'y'.repeat(80), 'z'.repeat(500), 'w'].map(n =>
    producer.append([eventOf('a', n)]),
  );
  expect(producer.pendingBytes()).toBeGreaterThan(600);
  letGo();
  await Promise.all(calls);
  expect(server.requests.length).toBe(4);
  expect(found().map(({ text }) => JSON.parse(text).n[0])).toEqual(['x', 'y', 'z', 'w']);
});

test('after a split events go to the new shards, those of a key still in order', async () => {
  const producer = producerOf();
  await producer.append(many(100));
  server.split('shardId-000000000001');
  // It lists the shards again when it has learnt of them, and not too soon after the last time.
  let calls = 1;
  for (; server.listings.length < 4; calls++) await producer.append(many(100));
  await producer.append(many(100));
  expect(server.listings.length).toBe(4);
  expect(new Set(server.requests.at(-1)!.map(r => r.PartitionKey)).size).toBe(5);
  expect(found().length).toBe((calls + 1) * 100);
});

const fault: fc.Arbitrary<Fault | null> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  {
    weight: 4,
    arbitrary: fc
      .uniqueArray(fc.integer({ min: 0, max: 4 }))
      .map((list): Fault => ({ kind: 'throttle', records: i => list.includes(i) })),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Fault>(
      { kind: 'reset' },
      { kind: 'reset-after' },
      { kind: 'status', status: 500, type: 'InternalFailure' },
      { kind: 'status-after', status: 500, type: 'InternalFailure' },
      { kind: 'status', status: 400, type: 'ProvisionedThroughputExceededException' },
    ),
  },
);

test('whatever fails, an event is stored or reported, once but for lost answers, those of a key in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 }),
      fc.constantFrom(200, 65_536),
      async (faults, sizes, recordBytes) => {
        const world = await startKinesisServer({ shards: 4 });
        try {
          world.fault = (operation, n) => (operation === 'PutRecords' ? (faults[n] ?? null) : null);
          const producer = createKinesisProducer({
            client: world.client,
            streamName: 'plays',
            backoffMs: 1,
            timeoutMs: 5_000,
            recordBytes,
          });
          let n = 0;
          const calls = sizes.map(size => {
            const events = Array.from({ length: size }, () => eventOf(`k${n % 7}`, n++));
            return producer.append(events);
          });
          const outcomes = (await Promise.all(calls)).flat();
          const seen = new Map<string, number[]>();
          const places = new Map<string, number>();
          for (const records of world.stored.values()) {
            for (const { shard, sequence, index = 0, data } of unpackRecords(records)) {
              const event = JSON.parse(Buffer.from(data).toString());
              places.set(`${shard}/${sequence}/${index}`, event.n);
              const list = seen.get(event.key);
              if (list === undefined) seen.set(event.key, [event.n]);
              else list.push(event.n);
            }
          }
          expect(outcomes.map(o => places.get(placeOf(o)))).toEqual(outcomes.map((_, i) => i));
          const isLossy = faults.slice(0, world.requests.length).some(f => f?.kind.endsWith('-after'));
          for (const list of seen.values()) {
            const firsts = [...new Set(list)];
            expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
            if (!isLossy) expect(list).toEqual(firsts);
          }
        } finally {
          await world.close();
        }
      },
    ),
    { numRuns: 60 },
  );
});

const faultOnPuts =
  (of: (request: number) => Fault | null): KinesisServer['fault'] =>
  (operation, request) =>
    operation === 'PutRecords' ? of(request) : null;

const keyAt = (request: number, record: number) => server.requests[request]![record]!.PartitionKey;

const shardNumber = (key: string) => Number.parseInt(hashKeyOf(key)[0]!, 16) >> 2;
const keyInOtherShard = (key: string): string =>
  Array.from({ length: 99 }, (_, i) => `o${i}`).find(other => shardNumber(other) !== shardNumber(key))!;
