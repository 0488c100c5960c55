import { describe, expect, test } from 'vitest';
import { hottestShare, type RowLoad, rowsPerEvent } from '../../../lib/infra/cost/row-model.ts';

const load = (changed: Partial<RowLoad> = {}): RowLoad => ({
  eventsPerSecond: 1_000,
  batchSeconds: 5,
  shards: 1,
  entities: 1_000_000,
  ...changed,
});

describe('rows written for an event', () => {
  test.each([
    // Simulated once for two groups: 1.81, 1.26, 0.87, 0.36, 0.21 units an event.
    [1, 0.905],
    [5, 0.63],
    [10, 0.435],
    [30, 0.18],
    [60, 0.105],
  ])('with 5 s between a user’s events, and batches of %i s', (batchSeconds, simulated) => {
    const rows = rowsPerEvent(load({ gapSeconds: 5, batchSeconds }));
    // The formula knows no beginnings and ends of sessions, which count more the longer a batch is.
    expect(rows).toBeLessThanOrEqual(simulated * 1.01);
    expect(rows).toBeGreaterThan(simulated * (batchSeconds <= 10 ? 0.98 : 0.78));
  });

  test('are one where no two events of an entity meet', () => {
    expect(rowsPerEvent(load({ entities: 1e9 }))).toBeCloseTo(1, 4);
    expect(rowsPerEvent(load({ eventsPerSecond: 0 }))).toBe(1);
  });

  test('are one batch’s row where there is one entity', () => {
    expect(rowsPerEvent(load({ entities: 1 }))).toBeCloseTo(1 / 5_000, 8);
    expect(rowsPerEvent(load({ entities: 1, shards: 4 }))).toBeCloseTo(4 / 5_000, 8);
  });

  test('are fewer the more unequal the entities are, and more the more shards they come from', () => {
    const few = [0, 0.8, 1.1, 1.4].map(skew => rowsPerEvent(load({ skew, entities: 50_000 })));
    expect(few).toEqual(few.toSorted((a, b) => b - a));
    const more = [1, 4, 16].map(shards => rowsPerEvent(load({ shards, skew: 1.1, entities: 50_000 })));
    expect(more).toEqual(more.toSorted((a, b) => a - b));
  });

  test('of many entities are those of a sum over each of them', () => {
    const entities = 20_000;
    const weights = Array.from({ length: entities }, (_, i) => (i + 1) ** -1.1);
    const total = weights.reduce((a, b) => a + b);
    const exact = weights.reduce((sum, weight) => sum - Math.expm1((-5_000 * weight) / total), 0) / 5_000;
    expect(rowsPerEvent(load({ skew: 1.1, entities })) / exact).toBeCloseTo(1, 3);
    expect(hottestShare(load({ skew: 1.1, entities })) * total).toBeCloseTo(1, 2);
  });
});
