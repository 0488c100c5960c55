import { expect, test } from 'vitest';
import { StoreError } from '../../lib/runtime/errors.ts';
import { createKinesisHandler, type KinesisEvent, recordsOf } from '../../lib/runtime/kinesis-batch.ts';
import { createWorld, now, type Play, playText, songPlays, userPlays } from '../support/plays.ts';

const first = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;

/** A batch as AWS documents it, with more members than anybody reads. */
const kinesisEvent = (data: readonly (string | Uint8Array)[], arrivalTime = now): KinesisEvent => ({
  Records: data.map((one, i) => ({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: `u${i}`,
      sequenceNumber: (first + BigInt(i)).toString(),
      data: Buffer.from(one as string).toString('base64'),
      approximateArrivalTimestamp: (arrivalTime + i) / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `shardId-000000000006:${first + BigInt(i)}`,
    eventName: 'aws:kinesis:record',
    awsRegion: 'eu-central-1',
    eventSourceARN: 'arn:aws:kinesis:eu-central-1:123456789012:stream/plays',
  })),
});

const plays = (...list: Play[]): string[] => list.map(playText);
const playsOf = async (world: ReturnType<typeof createWorld>, group: string) =>
  Object.fromEntries(
    Object.entries(await world.values(group, now + 60_000)).map(([key, v]) => [key, v.plays_7d]),
  );

test('a batch of a shard gives its records, bytes and times exact', () => {
  const { shard, records } = recordsOf(kinesisEvent(['{}', Uint8Array.of(0, 255, 10)], 1_699_999_999_123))!;
  expect(shard).toBe('shardId-000000000006');
  expect(records.map(({ data, ...rest }) => ({ ...rest, data: [...data] }))).toEqual([
    { shard, sequence: first, arrivalTime: 1_699_999_999_123, data: [123, 125] },
    { shard, sequence: first + 1n, arrivalTime: 1_699_999_999_124, data: [0, 255, 10] },
  ]);
});

test('its events count, packed ones too, and again they change nothing', async () => {
  const world = createWorld({ groups: [userPlays, songPlays] });
  const handler = createKinesisHandler({ transform: world.transform });
  const packed = `${plays({ user: 'u2' }, { user: 'u3', song: 's2' }).join('\n')}\n`;
  const event = kinesisEvent([playText(), packed, 'no json', playText({ song: 's2' })]);
  expect(await handler(event)).toEqual({ batchItemFailures: [] });
  const again = createKinesisHandler({ transform: world.newTransform() });
  expect(await again(event)).toEqual({ batchItemFailures: [] });
  expect(await playsOf(world, 'user_plays')).toEqual({ u1: 2, u2: 1, u3: 1 });
  expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2, s2: 2 });
  expect(await world.quarantined()).toMatchObject([
    { reason: 'not-json', payload: 'no json', position: { shard: 'shardId-000000000006' } },
  ]);
});

test('a row that cannot be written fails its own records, and the rest of the batch is settled', async () => {
  let isThrottled = true;
  const world = createWorld({
    groups: [userPlays, songPlays],
    fault: (_, { key }) => (isThrottled && key === 's2' ? 'throttled' : null),
  });
  const handler = createKinesisHandler({ transform: world.transform });
  const event = kinesisEvent(plays({ song: 's1' }, { song: 's2' }, { song: 's1' }, { song: 's2' }));
  expect(await handler(event)).toEqual({
    batchItemFailures: [1n, 3n].map(i => ({ itemIdentifier: `${first + i}` })),
  });
  expect((await world.progress('shardId-000000000006'))!.sequence).toBe(first);
  isThrottled = false;
  // Lambda gives all again from the lowest failure on.
  expect(await handler({ Records: event.Records.slice(1) })).toEqual({ batchItemFailures: [] });
  expect(await playsOf(world, 'song_plays')).toEqual({ s1: 2, s2: 2 });
  expect(await playsOf(world, 'user_plays')).toEqual({ u1: 4 });
});

test('a store that is away fails all its records, and is no error of the function', async () => {
  const errors: StoreError[] = [];
  const world = createWorld({
    before: operation => {
      if (operation === 'readProgress') throw new StoreError('throttled', 'too many reads');
    },
  });
  const handler = createKinesisHandler({ transform: world.transform, onError: e => errors.push(e) });
  expect((await handler(kinesisEvent(plays({}, {})))).batchItemFailures).toHaveLength(2);
  expect(errors.map(e => e.reason)).toEqual(['throttled']);
});

test('any other error is one of the function, so that Lambda bisects', async () => {
  const handler = createKinesisHandler({ transform: () => Promise.reject(new TypeError('a bug')) });
  await expect(handler(kinesisEvent(plays({})))).rejects.toThrow('a bug');
});

test('a batch without records is nothing', async () => {
  const handler = createKinesisHandler({ transform: () => Promise.reject(new Error('not called')) });
  expect(await handler({ Records: [] })).toEqual({ batchItemFailures: [] });
});

test.each<[string, (event: KinesisEvent) => KinesisEvent, RegExp]>([
  [
    'of two shards',
    ({ Records: [a, b] }) => ({ Records: [a!, { ...b!, eventID: 'shardId-7:1' }] }),
    /two shards, shardId-000000000006 and shardId-7/,
  ],
  [
    'that name no shard',
    ({ Records: [a] }) => ({ Records: [{ ...a!, eventID: '12' }] }),
    /"12" does not name/,
  ],
  [
    'numbered in letters',
    ({ Records: [a] }) => ({ Records: [{ ...a!, kinesis: { ...a!.kinesis, sequenceNumber: '12x' } }] }),
    /"12x" is no number/,
  ],
])('records %s are refused', (_, change, message) => {
  expect(() => recordsOf(change(kinesisEvent(plays({}, {}))))).toThrow(message);
});
