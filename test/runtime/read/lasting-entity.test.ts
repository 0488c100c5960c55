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

const lasts = (rows: readonly (SteadyRow | null)[], newest: readonly number[]) =>
  lastingEntity(rows.map(part), newest.map(loaded), 50);

test('it lasts while all of its rows say the same, past its newest event', () => {
  const rows = [steady(20, 80), steady(10, 90)];
  expect(lasts(rows, [30, Number.NEGATIVE_INFINITY])?.times).toEqual({ from: 31, until: 80 });
  expect(lasts(rows, [5, 6])?.times).toEqual({ from: 20, until: 80 });
});

test('what decays of its rows stands in the order of its parts', () => {
  const rows = [steady(0, 100, 1, 2), steady(0, 100), steady(0, 100, 3)];
  expect(lasts(rows, [0, 0, 0])?.decaying).toEqual([1, 2, 3]);
});

test('it does not last while one of its rows is not kept', () => {
  expect(lasts([steady(0, 100), null], [0, 0])).toBeNull();
});
