import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import feed from '../../../features/feed/index.ts';
import type { Plan, Window } from '../../../lib/kernel/plan.ts';
import type { StateStore } from '../../../lib/runtime/ports.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { checkMotion, type MotionOptions } from './check.ts';
import type { MotionReport } from './report.ts';

const check = (options: Partial<MotionOptions> = {}) =>
  checkMotion({ directory: join(temporaryDirectory(), 'data'), seed: 20_261, vectors: 1_000, ...options });

const isWhole = ({ vectors, examples, mismatches }: MotionReport): void => {
  expect(examples).toEqual([]);
  expect(mismatches).toBe(0);
  expect(vectors).toBeGreaterThanOrEqual(1_000);
};

describe('parity in motion', { timeout: 60_000 }, () => {
  test('what is read while the feed flows is what the oracle makes of the events that the row holds', async () => {
    const report = await check();
    isWhole(report);
    expect(report.miscounted).toEqual([]);
    for (const occurred of ['midBatch', 'onBoundary', 'unknown'] as const)
      expect(report[occurred], occurred).toBeGreaterThan(0);
  });

  test('nor does it matter that writes fail, some of them after they took effect', async () => {
    let failed = 0;
    const wrapStore = (store: StateStore): StateStore => ({
      ...store,
      async write(table, writes) {
        const draws = writes.map((_, i) => (failed + i) % 7);
        const kept = writes.filter((_, i) => draws[i] !== 0);
        const outcomes = await store.write(table, kept);
        return writes.map((write, i) => {
          if (draws[i]! > 1) return outcomes[kept.indexOf(write)]!;
          failed++;
          return draws[i] === 0 ? 'throttled' : 'failed';
        });
      },
    });
    isWhole(await check({ wrapStore }));
    expect(failed).toBeGreaterThan(100);
  });
});

describe('it finds', { timeout: 60_000 }, () => {
  test('windows that are 1 ms longer', async () => {
    const report = await check({
      definitions: { ...feed, plan: withWindows(feed.plan, ms => ms + 1) },
      vectors: 2_000,
    });
    expect(report.mismatches).toBeGreaterThan(0);
  });

  test('windows that are 1 ms shorter', async () => {
    const report = await check({
      definitions: { ...feed, plan: withWindows(feed.plan, ms => ms - 1) },
      vectors: 2_000,
    });
    expect(report.mismatches).toBeGreaterThan(0);
  });

  test('copies that are not dropped', async () => {
    const streams = feed.plan.streams.map(({ dedupe: _, home: __, ...stream }) => stream);
    const report = await check({ definitions: { ...feed, plan: { ...feed.plan, streams } } });
    expect(report.mismatches).toBeGreaterThan(0);
    expect(report.miscounted.join()).toContain('copy');
  });

  test('one update in fifty that is lost', async () => {
    let written = 0;
    const wrapStore = (store: StateStore): StateStore => ({
      ...store,
      async write(table, writes) {
        const kept = writes.filter(() => ++written % 50 !== 0);
        await store.write(table, kept);
        return writes.map(() => 'written');
      },
    });
    const report = await check({ wrapStore });
    expect(report.mismatches).toBeGreaterThan(0);
  });
});

/** The same features under their names, over windows of other lengths. */
function withWindows(plan: Plan, change: (milliseconds: number) => number): Plan {
  const changed = (window: Window): Window => (window === 'lifetime' ? window : change(window));
  const groups = plan.groups.map(group => ({
    ...group,
    slots: group.slots.map(slot => ({ ...slot, windows: slot.windows.map(changed) })),
    features: group.features.map(feature => ({ ...feature, window: changed(feature.window) })),
  }));
  return { ...plan, groups };
}
