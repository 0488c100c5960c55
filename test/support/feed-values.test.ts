import { expect, test } from 'vitest';
import type { ArrivalKind, BadReason } from '../../features/feed/generator/index.ts';
import {
  differences,
  feedArrivals,
  feedArrivalsUntil,
  feedRecords,
  feedValues,
  processFeed,
} from './feed-values.ts';
import { createMemoryStateStore } from './memory-state-store.ts';

const arrivals = feedArrivals(2_000);
const asOf = arrivals.at(-1)!.arrivalTime + 1;

async function valuesOf(records = feedRecords(arrivals)) {
  const store = createMemoryStateStore();
  await processFeed(store, records);
  return feedValues(store, arrivals, asOf);
}

test('the events are of every kind that is to be told apart', () => {
  const all = feedArrivals(10_000);
  const kinds: readonly ArrivalKind[] = ['fresh', 'reordered', 'late', 'ahead', 'copy', 'bad'];
  for (const kind of kinds) expect(all.filter(a => a.kind === kind).length, kind).toBeGreaterThan(10);
  const reasons: readonly BadReason[] = [
    'not-json',
    'too-large',
    'schema',
    'no-key',
    'too-old',
    'late',
    'future',
  ];
  for (const reason of reasons)
    expect(
      all.some(a => a.reason === reason),
      reason,
    ).toBe(true);
});

test('moved to another time, all the same is taken and set aside', async () => {
  const counts = async (records: ReturnType<typeof feedRecords>) =>
    processFeed(createMemoryStateStore(), records);
  const wanted = await counts(feedRecords(arrivals));
  expect(wanted.accepted).toBeGreaterThan(1_800);
  for (const time of [0, 6, 13, 21].map(hour => Date.UTC(2026, 10, 24, hour, 17))) {
    const moved = feedArrivalsUntil(time, arrivals.length);
    expect(moved.at(-1)!.arrivalTime).toBe(time);
    expect(await counts(feedRecords(moved)), new Date(time).toISOString()).toEqual(wanted);
  }
});

test('what was processed in other batches differs by the order of floating sums at most', async () => {
  const store = createMemoryStateStore();
  await processFeed(store, feedRecords(arrivals), 130);
  expect(differences(await valuesOf(), await feedValues(store, arrivals, asOf), 1e-9)).toEqual([]);
});

test('one event that is missing is found, in every entity that it is of', async () => {
  const missing = arrivals.findIndex(({ kind, event }) => kind === 'fresh' && event.action === 'impression');
  const { user, item } = arrivals[missing]!.event;
  const records = feedRecords(arrivals);
  const found = differences(await valuesOf(), await valuesOf(records.toSpliced(missing, 1)));
  for (const entity of [`user_engagement ${user} `, `item_popularity ${item} `])
    expect(
      found.some(line => line.startsWith(entity)),
      entity,
    ).toBe(true);
});

test('one value that is changed is found, and so is an entity that is not there', async () => {
  const wanted = await valuesOf();
  const [entity, result] = [...wanted].find(([key]) => key.startsWith('user_sequence'))!;
  const [feature] = Object.keys(result.values);
  const values = { ...result.values, [feature!]: 'changed' };
  expect(differences(wanted, new Map([...wanted, [entity, { ...result, values }]]))).toEqual([
    expect.stringContaining(`${entity} ${feature}: `),
  ]);
  const others = new Map([...wanted].filter(([key]) => key !== entity));
  expect(differences(wanted, others)).toEqual([`${entity}: known, found not there`]);
});
