import { expect, test } from 'vitest';
import type { FinishedRow } from '../../../lib/runtime/finish-row.ts';
import type { GroupView, SteadyRow } from '../../../lib/runtime/group-view.ts';
import { keepingEntities } from '../../../lib/runtime/kept-entities.ts';
import { createKeptRows } from '../../../lib/runtime/kept-rows.ts';
import type { LoadedRow } from '../../../lib/runtime/load-rows.ts';

const finished = {} as FinishedRow;
const steady = (from: number, until: number): SteadyRow => ({ times: { from, until }, at: () => finished });
/** A view of which only this is asked. */
const part = (row: SteadyRow | null) => ({ steady: () => row }) as unknown as GroupView;
const loaded = (version: number, newest: number): LoadedRow => ({
  key: 'a',
  version,
  newest,
  status: 'known',
  parts: [],
});
const stored = (version: number) => [version === 0 ? null : { version, bytes: new Uint8Array() }];

function setUp(...rows: (SteadyRow | null)[]) {
  const kept = createKeptRows(100_000).room();
  return keepingEntities(rows.map(part), kept.place());
}

test('an entity is known at the versions and times at which all of its rows say the same', () => {
  const entities = setUp(steady(20, 80), steady(10, 90));
  const entity = entities.keep('a', [loaded(7, 30), loaded(0, Number.NEGATIVE_INFINITY)], 50);
  expect(entity).toMatchObject({ versions: [7, 0], times: { from: 20, until: 80 }, newest: 30 });
  const at = (now: number) => entities.known('a', [stored(7), stored(0)], now);
  for (const now of [31, 50, 79]) expect(at(now), `${now}`).toBe(entity);
  // Before its newest event, and where some window begins elsewhere.
  for (const now of [15, 20, 30, 80, 85]) expect(at(now), `${now}`).toBeUndefined();
  expect(entities.known('b', [stored(7), stored(0)], 50)).toBeUndefined();
});

test('it is not known while a row has to be waited for, and is again after', () => {
  const entities = setUp(steady(0, 100), steady(0, 100));
  const entity = entities.keep('a', [loaded(1, 0), loaded(2, 0)], 50);
  expect(entities.known('a', [stored(1), Promise.resolve(stored(2))], 50)).toBeUndefined();
  expect(entities.known('a', [stored(1), stored(2)], 50)).toBe(entity);
});

test.each([
  ['changed', [2, 2]],
  ['gone', [0, 2]],
  ['new', [1, 3]],
])('once a row is %s it is given up', (_, versions) => {
  const entities = setUp(steady(0, 100), steady(0, 100));
  entities.keep('a', [loaded(1, 0), loaded(2, 0)], 50);
  expect(entities.known('a', versions.map(stored), 50)).toBeUndefined();
  expect(entities.known('a', [1, 2].map(stored), 50)).toBeUndefined();
});

test('it is not kept while one of its rows is not', () => {
  const entities = setUp(steady(0, 100), null);
  expect(entities.keep('a', [loaded(1, 0), loaded(2, 0)], 50)).toBeUndefined();
  expect(entities.known('a', [stored(1), stored(2)], 50)).toBeUndefined();
});
