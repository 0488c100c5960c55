import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DataDirectory } from '../../../lib/adapters/rocksdb/data-directory.ts';
import { createEventLog } from '../../../lib/adapters/rocksdb/event-log.ts';
import { StoreError } from '../../../lib/runtime/errors.ts';
import { collect } from '../../conformance/harness.ts';
import { rocksdbSubject } from './support.ts';

const clock = { now: () => 1_000 };
let subject: Awaited<ReturnType<typeof rocksdbSubject<DataDirectory>>>;
beforeEach(async () => {
  subject = await rocksdbSubject(directory => directory);
});
afterEach(() => subject.dispose());

const open = (stream: string, shards: number) =>
  createEventLog(subject.directory(), { stream, shards, clock, durability: 'os' });
const append = (log: Awaited<ReturnType<typeof open>>, ...events: string[]) =>
  log.append(events.map(data => ({ partitionKey: data, data: Buffer.from(data) })));

test('shards are named in order', async () => {
  expect((await open('clicks', 3)).shards).toEqual(['shard-000', 'shard-001', 'shard-002']);
});

test('the number of shards is fixed when the stream is made', async () => {
  await open('clicks', 4);
  await subject.reopen();
  await expect(open('clicks', 5)).rejects.toMatchObject({
    name: 'ShardCountError',
    message: /made with 4 shards/,
  });
  expect((await open('clicks', 4)).shards).toHaveLength(4);
});

test.each([0, -1, 1.5, 5_000, Number.NaN])('%d shards are refused', async shards => {
  await expect(open('clicks', shards)).rejects.toThrow(RangeError);
});

test('an unknown shard is refused', async () => {
  await expect((await open('clicks', 1)).read('shard-001', null, 1)).rejects.toThrow('no shard shard-001');
});

test('streams whose names begin alike are kept apart', async () => {
  const [a, ab] = [await open('a', 1), await open('ab', 1)];
  await append(a, 'in a');
  await append(ab, 'in ab 1', 'in ab 2');
  expect(await a.read('shard-000', null, 10)).toHaveLength(1);
  await ab.truncate(9_999, new Map([['shard-000', 2]]));
  expect(await ab.read('shard-000', null, 10)).toHaveLength(0);
  expect(await a.read('shard-000', null, 10)).toHaveLength(1);
});

test('two logs of one stream in one process do not use a sequence number twice', async () => {
  const [one, other] = [await open('clicks', 1), await open('clicks', 1)];
  await append(one, '1');
  await append(other, '2');
  await append(one, '3');
  expect(await one.read('shard-000', 1, 10)).toHaveLength(2);
  await append(other, '4');
  expect(await one.read('shard-000', 3, 10)).toHaveLength(1);
  const records = await one.read('shard-000', null, 3);
  expect(records.map(record => [record.sequence, record.data.toString()])).toEqual([
    [1, '1'],
    [2, '2'],
    [3, '3'],
  ]);
});

test('an append resolves when the disk has it; it can be read before', async () => {
  const disk = Promise.withResolvers<void>();
  const directory = subject.directory();
  const database = { ...directory.database, sync: () => disk.promise };
  const log = await createEventLog({ ...directory, database }, { stream: 'clicks', shards: 1, clock });
  let acknowledged = false;
  const appending = append(log, '1').then(() => {
    acknowledged = true;
  });
  const [record] = await log.read('shard-000', null, 10);
  expect(record?.data.toString()).toBe('1');
  await new Promise(resolve => setImmediate(resolve));
  expect(acknowledged).toBe(false);
  disk.resolve();
  await appending;
  expect(acknowledged).toBe(true);
});

test('an append that did not reach the disk rejects, and its sequence numbers are used up', async () => {
  const directory = subject.directory();
  const broken = new StoreError('full', 'no space left');
  const database = { ...directory.database, sync: () => Promise.reject(broken) };
  const log = await createEventLog({ ...directory, database }, { stream: 'clicks', shards: 1, clock });
  await expect(append(log, '1')).rejects.toBe(broken);
  expect(log.latestSequence('shard-000')).toBe(1);
});

test('a key goes to the same shard for ever', async () => {
  const log = await open('clicks', 8);
  const keys = ['', 'user 1', 'user 2', 'ünïcode', '7301234567890123456'];
  await append(log, ...keys);
  const shardOf = new Map<string, string>();
  for (const shard of log.shards) {
    for (const { data } of await log.read(shard, null, 10)) shardOf.set(data.toString(), shard);
  }
  expect(keys.map(key => shardOf.get(key))).toEqual([
    'shard-004',
    'shard-004',
    'shard-004',
    'shard-000',
    'shard-007',
  ]);
});

test('a record without its header is corrupt', async () => {
  const log = await open('clicks', 1);
  await append(log, '1');
  const { database } = subject.directory();
  const [key] = await collect(allRecords());
  database.write(batch => batch.put('log', key!, Buffer.from('short')));
  await expect(log.read('shard-000', null, 10)).rejects.toMatchObject({
    name: 'StoreError',
    reason: 'corrupt',
  });

  async function* allRecords() {
    yield* database.keys('log', { gte: Buffer.from('record'), lt: Buffer.from('recore') });
  }
});

test('a stream whose sequence numbers are lost is not begun again', async () => {
  await open('clicks', 1);
  await subject.reopen();
  const { database } = subject.directory();
  database.write(batch => batch.delete('log', Buffer.from('tail\0clicks')));
  await expect(open('clicks', 1)).rejects.toMatchObject({ name: 'StoreError', reason: 'corrupt' });
});

test('a closed directory takes no events', async () => {
  const log = await open('clicks', 1);
  await subject.directory().close();
  await expect(append(log, '1')).rejects.toMatchObject({ name: 'StoreError', reason: 'unavailable' });
  await expect(log.read('shard-000', null, 1)).rejects.toMatchObject({ reason: 'unavailable' });
  await expect(log.truncate(1, new Map([['shard-000', 1]]))).rejects.toMatchObject({ reason: 'unavailable' });
});
