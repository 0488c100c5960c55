import { describe, expect, it } from 'vitest';
import { benchOf, field, randomOf, shuffled } from '../build.ts';

const qs = [0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1];
const bench = benchOf(
  { aggregator: 'quantile', input: field('x') },
  qs.map(q => ({ finalizer: 'quantile', options: { q } })),
);
const events = (values: readonly number[]) => values.map((x, i) => ({ id: String(i), fields: { x } }));

function expectWithin(values: readonly number[], accuracy: number, actual: readonly unknown[]): void {
  const sorted = [...values].sort((a, b) => a - b);
  for (const [i, q] of qs.entries()) {
    const exact = sorted[Math.floor(q * (sorted.length - 1))] as number;
    const error = Math.abs((actual[i] as number) - exact);
    expect(error, `q ${q}: ${actual[i]} for ${exact}`).toBeLessThanOrEqual(
      accuracy * Math.abs(exact) * (1 + 1e-9),
    );
  }
}

const random = randomOf(11);
const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const many = (make: () => number, n = 20_000): number[] => Array.from({ length: n }, make);

const distributions: Record<string, number[]> = {
  uniform: many(() => random() * 1000),
  exponential: many(() => -Math.log(1 - random())),
  lognormal: many(() => Math.exp(3 * normal())),
  pareto: many(() => (1 - random()) ** -2),
  'normal about zero': many(normal),
  negative: many(() => -Math.exp(normal())),
  'mostly zeros': many(() => (random() < 0.7 ? 0 : normal())),
  integers: many(() => Math.floor(random() * 10)),
  'one value': many(() => 42, 100),
  'a single one': [0.1],
  'tiny and huge, both signs': many(() => (random() < 0.5 ? -1 : 1) * 10 ** (random() * 14 - 7)),
  'denormal to greatest': [5e-324, 1e-300, 1, 1e300, 1.7e308],
};

describe('quantiles', () => {
  it.each(Object.keys(distributions))('are within 1 %% of the exact ones: %s', name => {
    const values = distributions[name] as number[];
    const state = bench.stateOf(events(values));
    expectWithin(values, 0.01, bench.values(state));
    expect(bench.flag(state)).toBeUndefined();
  });

  it('hold the accuracy that is asked for', () => {
    for (const accuracy of [0.005, 0.05]) {
      const other = benchOf(
        { aggregator: 'quantile', input: field('x'), options: { accuracy } },
        qs.map(q => ({ finalizer: 'quantile', options: { q } })),
      );
      const values = distributions.uniform as number[];
      expectWithin(values, accuracy, other.values(other.stateOf(events(values))));
    }
  });

  it('of nothing are null', () => {
    expect(bench.values(bench.stateOf([]))).toEqual(qs.map(() => null));
  });

  it('with more bins than are kept stay exact for the larger magnitudes, and say so', () => {
    const values = many(() => 10 ** (random() * 80 - 40), 30_000);
    const state = bench.stateOf(events(values));
    expect(bench.flag(state)).toBe('overflow');
    const sorted = [...values].sort((a, b) => a - b);
    const largest = sorted.at(-1) as number;
    for (const [i, q] of qs.entries()) {
      const exact = sorted[Math.floor(q * (sorted.length - 1))] as number;
      if (exact < largest * 1e-17) continue;
      expect(Math.abs((bench.values(state)[i] as number) / exact - 1)).toBeLessThanOrEqual(0.01);
    }
    expect(qs.filter((_, i) => (bench.values(state)[i] as number) >= largest * 1e-17).length).toBeGreaterThan(
      2,
    );
  });

  it('are the same, to the byte, for every order and splitting, joined or not', () => {
    for (const values of [
      distributions['normal about zero'] as number[],
      many(() => (random() < 0.5 ? -1 : 1) * 10 ** (random() * 80 - 40), 6000),
    ]) {
      const list = events(values.slice(0, 6000));
      const bytes = bench.kernel.encode(bench.stateOf(list));
      for (const seed of [1, 2]) {
        const mixed = shuffled(list, seed);
        expect(bench.kernel.encode(bench.stateOf(mixed))).toEqual(bytes);
        const parts = [mixed.slice(0, 50), mixed.slice(50, 4000), mixed.slice(4000)].map(bench.stateOf);
        expect(bench.kernel.encode(bench.join(parts))).toEqual(bytes);
      }
    }
  });
});
