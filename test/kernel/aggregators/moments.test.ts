import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benchOf, field, randomOf } from '../build.ts';

const bench = benchOf({ aggregator: 'moments', input: field('x') }, [
  { finalizer: 'variance' },
  { finalizer: 'stddev' },
  { finalizer: 'variance', options: { sample: true } },
  { finalizer: 'stddev', options: { sample: true } },
]);
const events = (values: readonly (number | null)[]) => values.map(x => ({ fields: { x } }));
const moments = (values: readonly (number | null)[]) => bench.values(bench.stateOf(events(values)));

describe('variance', () => {
  it('is the population’s, or the sample’s where asked for', () => {
    expect(moments([2, 4, 4, 4, 5, 5, 7, 9])).toEqual([4, 2, 32 / 7, Math.sqrt(32 / 7)]);
  });
  it('of one value is 0, the sample’s null; of none both are null', () => {
    expect(moments([5])).toEqual([0, 0, null, null]);
    expect(moments([null])).toEqual([null, null, null, null]);
  });

  it('keeps its digits where values are large and near one another', () => {
    const offset = 1e9;
    const values = [4, 7, 13, 16].map(x => x + offset);
    expect(moments(values)[0]).toBeCloseTo(22.5, 9);
    const random = randomOf(7);
    const noise = Array.from({ length: 10_000 }, () => random());
    const mean = noise.reduce((a, b) => a + b, 0) / noise.length;
    const exact = noise.reduce((a, x) => a + (x - mean) ** 2, 0) / noise.length;
    const variance = moments(noise.map(x => x + offset))[0] as number;
    // x + 1e9 itself rounds x to 1e-7.
    expect(Math.abs(variance - exact) / exact).toBeLessThan(1e-6);
  });

  it('keeps them through merges', () => {
    const parts = [[1e9 + 4], [1e9 + 7, 1e9 + 13], [1e9 + 16]].map(p => bench.stateOf(events(p)));
    expect(bench.value(bench.join(parts))).toBeCloseTo(22.5, 9);
    expect(bench.value(bench.join([...parts].reverse()))).toBeCloseTo(22.5, 9);
  });

  it('is never negative, nor −0', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 }), values => {
        expect(moments(values)[0]).toBeGreaterThanOrEqual(0);
        expect(moments(values.map(() => values[0] as number))[0]).toBe(0);
      }),
    );
  });

  it('past the greatest double is refused with a flag', () => {
    const state = bench.stateOf(events([1e200, -1e200]));
    expect([bench.value(state), bench.flag(state)]).toEqual([null, 'out-of-range']);
  });
});
