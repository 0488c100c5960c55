import { expect, test } from 'vitest';
import { StoreError } from '../../lib/runtime/errors.ts';
import { createRunGraveyard, readTimeout } from '../../lib/runtime/run-graveyard.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';

function setUp() {
  let time = 1_000_000;
  let isBroken = false;
  const deleted: string[] = [];
  const store = {
    ...createMemoryStateStore(),
    deleteRuns: async (table: string, ids: readonly string[]) => {
      if (isBroken) throw new StoreError('unavailable', 'the table is away');
      deleted.push(...ids.map(id => `${table}/${id}`));
    },
  };
  const graveyard = createRunGraveyard(store, { now: () => time });
  return {
    graveyard,
    deleted,
    wait: (ms: number) => {
      time += ms;
    },
    breakStore: (broken: boolean) => {
      isBroken = broken;
    },
  };
}

test('a run lies for the read timeout, to the millisecond, and is deleted once', async () => {
  const { graveyard, deleted, wait } = setUp();
  graveyard.add('t', 'early');
  wait(1);
  graveyard.add('t', 'late');
  graveyard.add('other', 'late');
  wait(readTimeout - 2);
  await graveyard.bury();
  expect(deleted).toEqual([]);
  wait(1);
  await graveyard.bury();
  expect(deleted).toEqual(['t/early']);
  wait(1);
  await graveyard.bury();
  await graveyard.bury();
  expect(deleted).toEqual(['t/early', 't/late', 'other/late']);
});

test('a run whose deletion failed fails nothing, and is tried again', async () => {
  const { graveyard, deleted, wait, breakStore } = setUp();
  graveyard.add('t', 'run');
  wait(readTimeout);
  breakStore(true);
  await graveyard.bury();
  expect(deleted).toEqual([]);
  breakStore(false);
  await graveyard.bury();
  expect(deleted).toEqual(['t/run']);
});

test('an empty graveyard asks nothing of the store', async () => {
  const { graveyard, breakStore } = setUp();
  breakStore(true);
  await expect(graveyard.bury()).resolves.toBeUndefined();
});
