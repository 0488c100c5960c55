import { describe, expect, it } from 'vitest';
import { benchOf, field, randomOf, shuffled } from '../build.ts';

const day = 86_400_000;
const start = Date.UTC(2015, 0, 1);
const decayed = (halfLifeMs: number, input?: 'x') =>
  benchOf({
    aggregator: 'decayed',
    options: { halfLifeMs },
    ...(input === undefined ? {} : { input: field(input) }),
  });

describe('a decayed sum', () => {
  it('halves with every half-life', () => {
    const bench = decayed(day);
    const state = bench.stateOf([{ time: start }]);
    for (const days of [1, 2, 10]) expect(bench.value(state, start + days * day)).toBe(2 ** -days);
    expect(bench.value(state, start + day / 2)).toBeCloseTo(Math.SQRT1_2, 15);
  });

  it('is that of its definition over ten years of events, in any order', () => {
    const halfLife = 7 * day;
    const bench = decayed(halfLife, 'x');
    const random = randomOf(3);
    const events = Array.from({ length: 5000 }, (_, i) => ({
      id: String(i),
      time: start + Math.floor(random() * 3650 * day),
      fields: { x: random() * 100 - 50 },
    }));
    const q = start + 3650 * day;
    const weight = (time: number): number => 2 ** (-(q - time) / halfLife);
    const exact = events.reduce((sum, e) => sum + e.fields.x * weight(e.time), 0);
    const magnitude = events.reduce((sum, e) => sum + Math.abs(e.fields.x) * weight(e.time), 0);
    for (const seed of [1, 2, 3]) {
      const mixed = shuffled(events, seed);
      const whole = bench.value(bench.stateOf(mixed), q) as number;
      const parts = [mixed.slice(0, 1000), mixed.slice(1000, 1001), mixed.slice(1001)].map(bench.stateOf);
      const joined = bench.value(bench.join(parts), q) as number;
      expect(Math.abs(whole - exact)).toBeLessThan(1e-12 * magnitude);
      expect(Math.abs(joined - exact)).toBeLessThan(1e-12 * magnitude);
    }
  });

  it('of long ago fades to 0, and a new event counts in full beside it', () => {
    const bench = decayed(3_600_000);
    const old = { time: start, id: 'old' };
    expect(bench.value(bench.stateOf([old]), start + 3650 * day)).toBe(0);
    const fresh = { time: start + 3650 * day, id: 'fresh' };
    for (const list of [
      [old, fresh],
      [fresh, old],
    ]) {
      expect(bench.value(bench.stateOf(list), fresh.time + 3_600_000)).toBe(0.5);
    }
  });

  it('of nothing is 0; of years before 1970 it is what it is after', () => {
    const bench = decayed(day);
    expect(bench.value(bench.stateOf([]), start)).toBe(0);
    const state = bench.stateOf([
      { time: -10 * day, id: 'a' },
      { time: -9 * day, id: 'b' },
    ]);
    expect(bench.value(state, -8 * day)).toBe(0.75);
  });
});
