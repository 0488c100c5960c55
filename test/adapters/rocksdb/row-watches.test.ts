import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DataDirectory } from '../../../lib/adapters/rocksdb/data-directory.ts';
import { createRowWatches } from '../../../lib/adapters/rocksdb/row-watches.ts';
import { createStateStore, lendTables } from '../../../lib/adapters/rocksdb/state-store.ts';
import { collectWrittenRows } from '../../../lib/adapters/rocksdb/written-rows.ts';
import { rocksdbSubject } from './support.ts';

test.each([
  [0, [false, true, true]],
  [1, [true, false, true]],
  [2, [true, true, false]],
])('whoever ends it leaves the others watching: the %i. of three', (ended, told) => {
  const { watch, changed } = createRowWatches();
  const watches = [watch('a'), watch('a'), watch('a')];
  let tellings = 0;
  const heard = watches.map(() => false);
  watches[ended]!.end();
  watches[ended]!.end();
  const before = watches.map(({ hasChanged }) => hasChanged);
  changed(['a']);
  for (const [i, { hasChanged }] of watches.entries()) {
    if (before[i] !== hasChanged) {
      heard[i] = true;
      tellings++;
    }
  }
  expect(heard).toEqual(told);
  expect(tellings).toBe(2);
});

test('all are told when anything may have changed, and who begins after that is not', () => {
  const { watch, allChanged } = createRowWatches();
  const before = [watch('a'), watch('b')];
  allChanged();
  expect(before.map(({ hasChanged }) => hasChanged)).toEqual([true, true]);
  expect(watch('a').hasChanged).toBe(false);
});

let subject: Awaited<ReturnType<typeof rocksdbSubject<DataDirectory>>>;
beforeEach(async () => {
  subject = await rocksdbSubject(directory => directory);
});
afterEach(() => subject.dispose());

test('rows that another thread wrote, or may have written, are told of once they are adopted', () => {
  const directory = subject.directory();
  const store = createStateStore(directory);
  const lent = lendTables(directory, ['t'], { write: async () => [] });
  const [a, b, c] = ['a', 'b', 'c'].map(key => store.watch!(key));
  const rows = collectWrittenRows();
  rows.written('t', [{ key: 'a', expected: 0, version: 1, bytes: Buffer.from('a1') }]);
  rows.lost('t', ['b']);
  lent.adopt(rows.take());
  expect([a, b, c].map(watch => watch!.hasChanged)).toEqual([true, true, false]);
  // What it wrote last it may not have told.
  lent.takeBack();
  expect(c!.hasChanged).toBe(true);
});

test('a write that fails may have changed its rows', async () => {
  const { database } = subject.directory();
  const failing = {
    ...database,
    write() {
      throw new Error('no space left');
    },
  };
  const store = createStateStore({ database: failing });
  const [watch, other] = [store.watch!('a'), store.watch!('b')];
  const write = { key: 'a', expected: 0, version: 1, bytes: Buffer.from('a1') };
  await expect(store.write('t', [write])).rejects.toThrow('no space left');
  expect([watch.hasChanged, other.hasChanged]).toEqual([true, false]);
});
