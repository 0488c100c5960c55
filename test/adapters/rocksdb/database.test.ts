import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../../lib/adapters/rocksdb/database.ts';
import { temporaryPath } from './support.ts';

let path: string;
let database: Database;
beforeEach(async () => {
  path = await temporaryPath();
  database = await openDatabase(path);
});
afterEach(async () => {
  await database.close();
  await rm(path, { recursive: true, force: true });
});

const key = (n: number) => Buffer.from(String(n).padStart(6, '0'));
const numbers = (entries: Iterable<{ readonly key: Buffer }>) => [...entries].map(entry => Number(entry.key));
const fill = (count: number, size: number) =>
  database.write(batch => {
    for (let n = 0; n < count; n++) batch.put('log', key(n), Buffer.alloc(size, n));
  });
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

test.each([0, 1, 999, 1_000, 1_001, 2_000, 2_500])(
  'iterates over all of %d entries once, in order',
  count => {
    fill(count, 1);
    const all = { gte: key(0), lt: key(999_999) };
    expect(numbers(database.iterate('log', all))).toEqual(upTo(count));
    expect([...database.keys('log', all)].map(Number)).toEqual(upTo(count));
    expect(numbers(database.range('log', { ...all, limit: 100_000 }))).toEqual(upTo(count));
  },
);

test('ranges of large values come whole, in either direction', () => {
  fill(25, 1 << 20);
  const all = { gte: key(0), lt: key(999_999) };
  expect(numbers(database.iterate('log', all))).toEqual(upTo(25));
  expect(numbers(database.range('log', { ...all, limit: 20 }))).toEqual(upTo(20));
  expect(numbers(database.range('log', { ...all, limit: 20, reverse: true }))).toEqual(
    upTo(25).reverse().slice(0, 20),
  );
});

test('a range includes its lower end and not its upper one', async () => {
  fill(10, 1);
  const range = { gte: key(3), lt: key(6) };
  expect(numbers(database.range('log', { ...range, limit: 10 }))).toEqual([3, 4, 5]);
  await database.deleteRange('log', range);
  expect(numbers(database.iterate('log', { gte: key(0), lt: key(10) }))).toEqual([0, 1, 2, 6, 7, 8, 9]);
});

test('columns are apart', () => {
  database.write(batch => {
    batch.put('rows', key(1), Buffer.from('row'));
    batch.put('runs', key(1), Buffer.from('run'));
  });
  expect(database.getMany('rows', [key(1), key(2)]).map(value => value?.toString())).toEqual([
    'row',
    undefined,
  ]);
  expect(database.get('runs', key(1))?.toString()).toBe('run');
  expect(database.get('log', key(1))).toBeNull();
});

test('a batch that throws while it is filled writes nothing, and the next one is not touched by it', () => {
  expect(() =>
    database.write(batch => {
      batch.put('rows', key(1), Buffer.from('lost'));
      throw new RangeError('midway');
    }),
  ).toThrow(RangeError);
  database.write(batch => batch.put('rows', key(2), Buffer.from('kept')));
  expect(database.getMany('rows', [key(1), key(2)]).map(value => value?.toString())).toEqual([
    undefined,
    'kept',
  ]);
});

test('values that were read are not touched by later reads and writes', () => {
  fill(3, 4);
  const [first] = database.getMany('log', [key(1)]);
  fill(3, 2);
  database.getMany('log', [key(0), key(1), key(2)]);
  expect([...first!]).toEqual([1, 1, 1, 1]);
});

test('waits for the disk for all who ask, between writes and at the end', async () => {
  const waits: Promise<void>[] = [];
  for (let round = 0; round < 20; round++) {
    fill(50, 100);
    waits.push(database.sync(), database.sync());
    if (round % 5 === 0) await waits.at(-1);
  }
  const closed = database.close();
  await Promise.all(waits);
  await closed;
  await expect(database.sync()).rejects.toMatchObject({ name: 'StoreError', reason: 'unavailable' });
  database = await openDatabase(path);
  expect(numbers(database.iterate('log', { gte: key(0), lt: key(999_999) }))).toEqual(upTo(50));
});
