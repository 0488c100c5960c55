import { describe, expect, it } from 'vitest';
import { benchOf, field, randomOf, shuffled } from '../build.ts';

const limit = 1024;
const slot = { aggregator: 'heavyHitters', input: field('s'), options: { limit } } as const;
const bench = benchOf(slot, [{ finalizer: 'top' }, { finalizer: 'top', options: { top: 3 } }]);

/** Zipf-like: item i with a probability that falls as 1 / (i + 1). */
function zipf(n: number, seed: number) {
  const random = randomOf(seed);
  return Array.from({ length: n }, (_, i) => ({
    id: `e${i}`,
    time: 1000 + (i % 500),
    fields: { s: `item-${Math.floor(Math.exp(random() * Math.log(1000))) - 1}` },
  }));
}
const countsOf = (events: ReturnType<typeof zipf>): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const e of events) counts.set(e.fields.s, (counts.get(e.fields.s) ?? 0) + 1);
  return counts;
};

describe('heavy hitters', () => {
  it('are exact up to the size of the sample, largest first, ties by value', () => {
    const events = zipf(limit, 1);
    const state = bench.stateOf(events);
    const wanted = [...countsOf(events)].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    expect([...(bench.values(state)[0] as Map<string, number>)]).toEqual(wanted);
    expect([...(bench.values(state)[1] as Map<string, number>)]).toEqual(wanted.slice(0, 3));
    expect(bench.flag(state)).toBeUndefined();
    bench.update(state, { id: 'one more', fields: { s: 'x' } });
    expect(bench.flag(state)).toBe('estimated');
  });

  it('beyond are within three standard errors of their true shares', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const events = zipf(30_000, seed);
      const exact = countsOf(events);
      const estimates = bench.value(bench.stateOf(events)) as Map<string, number>;
      for (const [item, n] of exact) {
        const p = n / events.length;
        if (p < 0.01) continue;
        const error = Math.abs((estimates.get(item) ?? 0) / events.length - p);
        // Bounds the greatest error over a dozen items and five seeds: three errors, and a little.
        expect(error, item).toBeLessThan(3.5 * Math.sqrt((p * (1 - p)) / limit));
        expect(error, item).toBeLessThan(3 * 0.016);
      }
      const total = [...estimates.values()].reduce((a, b) => a + b, 0);
      expect(Math.abs(total - events.length)).toBeLessThan(estimates.size);
    }
  });

  it('are the same, to the byte, for every order and splitting', () => {
    const events = zipf(5000, 9);
    const bytes = bench.kernel.encode(bench.stateOf(events));
    for (const seed of [1, 2, 3]) {
      const mixed = shuffled(events, seed);
      expect(bench.kernel.encode(bench.stateOf(mixed))).toEqual(bytes);
      const parts = [mixed.slice(0, 100), mixed.slice(100, 3000), mixed.slice(3000)].map(bench.stateOf);
      expect(bench.kernel.encode(bench.join(parts))).toEqual(bytes);
      expect(bench.kernel.encode(bench.join([...parts].reverse()))).toEqual(bytes);
    }
  });

  it('tell events of one time apart by their positions where there are no ids', () => {
    const byPosition = benchOf(slot, [{ finalizer: 'top' }], { dedupe: false });
    const events = Array.from({ length: 500 }, (_, i) => ({
      fields: { s: i % 2 === 0 ? 'a' : 'b' },
      position: { shard: `shard-${i % 3}`, sequence: 10n ** 30n + BigInt(i >> 4), index: i % 16 },
    }));
    expect(byPosition.value(byPosition.stateOf(events))).toEqual(
      new Map([
        ['a', 250],
        ['b', 250],
      ]),
    );
  });
});
