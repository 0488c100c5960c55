import { expect, test } from 'vitest';
import type { FinishedRow } from '../../../lib/runtime/finish-row.ts';
import type { GroupView, SteadyRow } from '../../../lib/runtime/group-view.ts';
import { lastingEntity } from '../../../lib/runtime/lasting-entity.ts';
import type { LoadedRow } from '../../../lib/runtime/load-rows.ts';

const steady = (from: number, until: number, ...decaying: number[]): SteadyRow => ({
  times: { from, until },
  at: () => ({}) as FinishedRow,
  decaying,
});
/** A view of which only this is asked. */
const part = (row: SteadyRow | null) => ({ steady: () => row }) as unknown as GroupView;
const loaded = (newest: number): LoadedRow => ({ key: 'a', version: 1, newest, status: 'known', parts: [] });

function setUp(rows: readonly (SteadyRow | null)[], newest: readonly number[]) {
  const watch = {
    hasChanged: false,
    ended: 0,
    end() {
      this.ended++;
    },
  };
  let now = 50;
  const lasts = lastingEntity(rows.map(part), newest.map(loaded), now);
  const entity = lasts?.(watch, { now: () => now });
  const at = (time: number) => {
    now = time;
    return entity?.asOf();
  };
  return { watch, entity, at };
}

test('it lasts while all of its rows say the same, past its newest event', () => {
  const { at } = setUp([steady(20, 80), steady(10, 90)], [30, Number.NEGATIVE_INFINITY]);
  for (const now of [31, 50, 79]) expect(at(now), `${now}`).toBe(now);
  // Before its newest event, and where some window begins elsewhere; again after: a clock may step back.
  for (const now of [15, 20, 30, 80, 85]) expect(at(now), `${now}`).toBeNull();
  expect(at(50)).toBe(50);
});

test('it does not last where a window of one row begins later than the newest event', () => {
  const { at } = setUp([steady(20, 80), steady(10, 90)], [5, 6]);
  expect([19, 20].map(at)).toEqual([null, 20]);
});

test('once a row has changed it says nothing more', () => {
  const { at, watch } = setUp([steady(0, 100)], [0]);
  expect(at(50)).toBe(50);
  watch.hasChanged = true;
  expect(at(50)).toBeNull();
});

test('what decays of its rows stands in the order of its parts', () => {
  const { entity } = setUp([steady(0, 100, 1, 2), steady(0, 100), steady(0, 100, 3)], [0, 0, 0]);
  expect(entity!.decaying).toEqual([1, 2, 3]);
});

test('ending it ends its watch', () => {
  const { entity, watch } = setUp([steady(0, 100)], [0]);
  entity!.end();
  expect(watch.ended).toBe(1);
});

test('it does not last while one of its rows is not kept', () => {
  expect(setUp([steady(0, 100), null], [0, 0]).entity).toBeUndefined();
});
