import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { State, Value } from '../../../lib/kernel/index.ts';
import { type Bench, benchOf, type FieldName, field, shuffled } from '../build.ts';

const max = Number.MAX_SAFE_INTEGER;
const readings = [{ finalizer: 'value' }, { finalizer: 'avg' }] as const;
const sumOf = (name: FieldName): Bench => benchOf({ aggregator: 'sum', input: field(name) }, readings);
const events = (name: FieldName, values: readonly Value[]) =>
  values.map((value, i) => ({ id: String(i), fields: { [name]: value } }));

/** The state merged with itself `times` times over: 2^times as many events. */
function doubled(bench: Bench, state: State, times: number): State {
  let whole = state;
  for (let i = 0; i < times; i++) whole = bench.join([whole, whole]);
  return whole;
}

describe('a sum of ints', () => {
  const bench = sumOf('n');
  const total = (values: readonly Value[]) => bench.values(bench.stateOf(events('n', values)));

  it('is exact on the way past 2^53 and back', () => {
    expect(total([max, max, max, -max, -max])[0]).toBe(max);
    expect(total([max, 1, -1])[0]).toBe(max);
    expect(total([-max, -max, max])[0]).toBe(-max);
  });

  it('is refused by finalize only, with a flag', () => {
    const state = bench.stateOf(events('n', [max, 1]));
    expect(bench.value(state)).toBeNull();
    expect(bench.flag(state)).toBe('out-of-range');
    bench.update(state, { id: 'back', fields: { n: -1 } });
    expect(bench.value(state)).toBe(max);
    expect(bench.flag(state)).toBeUndefined();
  });

  it('survives 60 doublings', () => {
    const state = doubled(bench, bench.stateOf(events('n', [max, -3])), 60);
    expect(bench.value(state)).toBeNull();
    expect(bench.flag(state)).toBe('out-of-range');
    // The opposite, doubled as often, brings it back to nothing.
    const opposite = doubled(bench, bench.stateOf(events('n', [-max, 3])), 60);
    expect(bench.value(bench.join([state, opposite]))).toBe(0);
  });

  it('is the same for any order and splitting', () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger(), { maxLength: 30, size: 'max' }), fc.nat(), (values, seed) => {
        const list = events('n', values);
        const mixed = shuffled(list, seed);
        const parts = [mixed.filter((_, i) => i % 3 === 0), mixed.filter((_, i) => i % 3 !== 0)];
        const exact = values.reduce((sum, x) => sum + BigInt(x), 0n);
        const wanted = values.length === 0 || exact > max || exact < -max ? null : Number(exact);
        expect(bench.value(bench.stateOf(list))).toBe(wanted);
        expect(bench.value(bench.join(parts.map(bench.stateOf)))).toBe(wanted);
      }),
    );
  });

  it('of nothing, or of nulls, is null, and so is its average', () => {
    expect(total([])).toEqual([null, null]);
    expect(total([null, null])).toEqual([null, null]);
    expect(total([0])).toEqual([0, 0]);
    expect(total([1, null, 2])).toEqual([3, 1.5]);
  });

  it('has an average even where the sum is out of range', () => {
    expect(total([2 ** 52, 2 ** 52, 2 ** 52])).toEqual([null, 2 ** 52]);
  });
});

describe('a sum of int64s', () => {
  const bench = sumOf('big');
  const top = 2n ** 63n - 1n;
  const total = (values: readonly Value[]) => bench.value(bench.stateOf(events('big', values)));

  it('is exact to 64 bits and refused beyond', () => {
    expect(total([9007199254740993n, 2n])).toBe(9007199254740995n);
    expect(total([top, -1n, 1n])).toBe(top);
    expect(total([-(2n ** 63n)])).toBe(-(2n ** 63n));
    const state = bench.stateOf(events('big', [top, 1n]));
    expect([bench.value(state), bench.flag(state)]).toEqual([null, 'out-of-range']);
    expect(total([top, top, top, -top, -top])).toBe(top);
  });

  it('survives 60 doublings', () => {
    const state = doubled(bench, bench.stateOf(events('big', [top])), 60);
    expect(bench.flag(state)).toBe('out-of-range');
    expect(bench.value(bench.join([state, doubled(bench, bench.stateOf(events('big', [-top])), 60)]))).toBe(
      0n,
    );
  });

  it('is the same for any order', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: top });
    fc.assert(
      fc.property(fc.array(int64, { minLength: 1, maxLength: 30, size: 'max' }), fc.nat(), (values, seed) => {
        const exact = values.reduce((a, b) => a + b, 0n);
        const wanted = BigInt.asIntN(64, exact) === exact ? exact : null;
        expect(bench.value(bench.stateOf(shuffled(events('big', values), seed)))).toBe(wanted);
      }),
    );
  });
});

describe('a sum of decimals', () => {
  it('is exact where floats are not', () => {
    const bench = sumOf('cents');
    const tenths = new Array<number>(10).fill(10);
    expect(bench.values(bench.stateOf(events('cents', tenths)))).toEqual([100, 0.1]);
    const many = Array.from({ length: 100_000 }, () => 1);
    expect(bench.values(bench.stateOf(events('cents', many)))).toEqual([100_000, 0.01]);
  });
});

describe('a sum of floats', () => {
  const bench = sumOf('x');
  const total = (values: readonly Value[]) => bench.value(bench.stateOf(events('x', values)));

  it('carries what rounding would lose', () => {
    expect(total([1e16, 1, -1e16])).toBe(1);
    expect(total([1, 1e16, 1, -1e16])).toBe(2);
    expect(total([1e16, -1e16, 1])).toBe(1);
    expect(total(new Array(10).fill(0.1))).toBe(1);
    expect(total([0.1, 0.2, -0.3])).toBeCloseTo(0.1 + (0.2 - 0.3), 16);
  });

  it('carries it through merges and bytes', () => {
    const parts = [[1e16, 1], [1, 1], [-1e16]].map(values => bench.stateOf(events('x', values)));
    expect(bench.value(bench.join(parts))).toBe(3);
    expect(bench.value(bench.join([...parts].reverse()))).toBe(3);
  });

  it('agrees within 1e-9 of the sum of magnitudes, whatever the order', () => {
    const float = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(float, { minLength: 1, maxLength: 100, size: 'max' }),
        fc.nat(),
        (values, seed) => {
          const magnitude = values.reduce((sum, x) => sum + Math.abs(x), 0);
          const one = total(values) as number;
          const other = total(shuffled(values, seed)) as number;
          expect(Math.abs(one - other)).toBeLessThanOrEqual(1e-12 * magnitude);
        },
      ),
    );
  });

  it('is refused past the greatest double, and is never −0', () => {
    const state = bench.stateOf(events('x', [1e308, 1e308]));
    expect([bench.value(state), bench.flag(state)]).toEqual([null, 'out-of-range']);
    expect(Object.is(total([0, 0]), 0)).toBe(true);
    expect(Object.is(total([1, -1]), 0)).toBe(true);
  });
});

describe('a count', () => {
  it('is of events, or of values that are there', () => {
    const list = events('n', [1, null, 3]);
    const all = benchOf({ aggregator: 'count' });
    const some = benchOf({ aggregator: 'count', input: field('n') });
    expect(all.value(all.stateOf(list))).toBe(3);
    expect(some.value(some.stateOf(list))).toBe(2);
    expect(all.value(all.stateOf([]))).toBe(0);
  });

  it('beyond 2^53 is refused by finalize only, and stays beyond', () => {
    const bench = benchOf({ aggregator: 'count' });
    const state = doubled(bench, bench.stateOf([{}]), 60);
    expect([bench.value(state), bench.flag(state)]).toEqual([null, 'out-of-range']);
    expect(bench.value(doubled(bench, bench.stateOf([{}]), 52))).toBe(2 ** 52);
  });
});
