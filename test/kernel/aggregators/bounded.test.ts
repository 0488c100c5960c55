import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hash53, type ScalarValue } from '../../../lib/kernel/index.ts';
import { type Bench, benchOf, field, shuffled } from '../build.ts';

const limit = 10;
const byHash = (a: ScalarValue, b: ScalarValue): number => hash53(a) - hash53(b);

/** How often each value occurs, of the `limit` values with the smallest hashes. */
function keptCounts(values: readonly string[]): Map<string, number> {
  const kept = [...new Set(values)].sort(byHash).slice(0, limit);
  return new Map(kept.sort().map(value => [value, values.filter(v => v === value).length]));
}
const events = (values: readonly string[]) =>
  values.map((s, i) => ({ id: String(i), fields: { s, n: i % 7 } }));

const distinct = benchOf({ aggregator: 'distinct', input: field('s'), options: { limit } }, [
  { finalizer: 'value' },
  { finalizer: 'size' },
]);
const histogram = benchOf({ aggregator: 'histogram', input: field('s'), options: { limit } }, [
  { finalizer: 'top' },
  { finalizer: 'top', options: { top: 2 } },
]);
const byValue = benchOf({ aggregator: 'count', by: { key: field('s'), limit } });

const asMap = (value: unknown): Map<string, number> => new Map([...(value as Map<string, number>)].sort());

/** What the three make of the same values: the set, the histogram's and the map's counts, and the flags. */
function all(make: (bench: Bench) => ReturnType<Bench['stateOf']>) {
  const states = [distinct, histogram, byValue].map(make) as [never, never, never];
  return {
    set: distinct.value(states[0]),
    size: distinct.values(states[0])[1],
    counts: asMap(histogram.value(states[1])),
    byValue: asMap(byValue.value(states[2])),
    flags: [distinct.flag(states[0]), histogram.flag(states[1]), byValue.flag(states[2])],
  };
}

const arbitraryValues = fc.array(
  fc.nat({ max: 40 }).map(n => `value-${n}`),
  { maxLength: 120, size: 'max' },
);

describe('bounded sets, histograms and maps', () => {
  it('keep the values of the smallest hashes, with complete counts, whatever the order and the splits', () => {
    fc.assert(
      fc.property(arbitraryValues, fc.nat(), fc.integer({ min: 1, max: 4 }), (values, seed, parts) => {
        const wanted = keptCounts(values);
        const flag = new Set(values).size > limit ? 'overflow' : undefined;
        const mixed = shuffled(events(values), seed);
        const made = all(bench =>
          bench.join(
            Array.from({ length: parts }, (_, part) =>
              bench.stateOf(mixed.filter((_, i) => (i * 7 + seed) % parts === part)),
            ),
          ),
        );
        expect(made.set).toEqual([...wanted.keys()].sort());
        expect(made.size).toBe(wanted.size);
        expect(made.counts).toEqual(wanted);
        expect(made.byValue).toEqual(wanted);
        expect(made.flags).toEqual([flag, flag, flag]);
      }),
      { numRuns: 300 },
    );
  });

  it('flag overflow only when there were more values than they keep', () => {
    const values = Array.from({ length: limit }, (_, i) => `v${i}`);
    const [exactly, more] = [
      [...values, ...values],
      [...values, 'one more'],
    ];
    expect(all(b => b.stateOf(events(exactly))).flags).toEqual([undefined, undefined, undefined]);
    expect(all(b => b.stateOf(events(more))).flags).toEqual(['overflow', 'overflow', 'overflow']);
    expect(all(b => b.stateOf(events(more))).size).toBe(limit);
  });

  it('of nothing are empty', () => {
    expect(all(b => b.stateOf([]))).toMatchObject({
      set: [],
      size: 0,
      counts: new Map(),
      byValue: new Map(),
    });
  });

  it('order a histogram by count, then by value, and its top likewise', () => {
    const state = histogram.stateOf(events(['b', 'a', 'c', 'c', 'd', 'd', '\u{10000}', '\uffff']));
    const [counts, top] = histogram.values(state) as [Map<string, number>, Map<string, number>];
    expect([...counts]).toEqual([
      ['c', 2],
      ['d', 2],
      ['a', 1],
      ['b', 1],
      ['\uffff', 1],
      ['\u{10000}', 1],
    ]);
    expect([...top]).toEqual([
      ['c', 2],
      ['d', 2],
    ]);
  });

  it('sort sets of every type', () => {
    const cases = [
      ['n', [5, -1, 3, 5], [-1, 3, 5]],
      ['x', [0.5, -0.5, 0], [-0.5, 0, 0.5]],
      ['big', [5n, -(2n ** 62n), 7n, 5n], [-(2n ** 62n), 5n, 7n]],
      ['cents', [100, -5], [-5, 100]],
      ['ok', [true, false, true], [false, true]],
      ['s', ['b', 'é', 'a', '😀', '\ufffd'], ['a', 'b', 'é', '\ufffd', '😀']],
    ] as const;
    for (const [name, values, wanted] of cases) {
      const bench = benchOf({ aggregator: 'distinct', input: field(name), options: { limit } });
      const state = bench.stateOf(values.map(value => ({ fields: { [name]: value } })));
      expect(bench.value(bench.join([state]))).toEqual(wanted);
    }
  });
});

describe('a map of partials', () => {
  it('holds each key’s own value, keys ascending, and no key where there is none', () => {
    const bench = benchOf({ aggregator: 'sum', input: field('n'), by: { key: field('ok'), limit } });
    const state = bench.stateOf([
      { fields: { ok: true, n: 1 } },
      { fields: { ok: false, n: 5 } },
      { fields: { ok: true, n: 2 } },
      { fields: { ok: null, n: 9 } },
      { fields: { ok: true, n: null } },
    ]);
    expect([...(bench.value(bench.join([state])) as Map<boolean, number>)]).toEqual([
      [false, 5],
      [true, 3],
    ]);
  });

  it('passes on the flag of any of its partials', () => {
    const inner = { aggregator: 'distinct', input: field('n'), options: { limit: 2 } } as const;
    const bench = benchOf({ ...inner, by: { key: field('s'), limit } });
    const state = bench.stateOf([1, 2, 3].map(n => ({ fields: { s: 'a', n } })));
    expect(bench.flag(state)).toBe('overflow');
  });

  it('keeps lists by key in their order', () => {
    const slot = {
      aggregator: 'lastK',
      input: field('n'),
      options: { k: 2 },
      by: { key: field('s'), limit },
    } as const;
    const bench = benchOf(slot);
    const list = [1, 2, 3, 4].map(n => ({
      time: 1000 + n,
      id: String(n),
      fields: { s: n % 2 ? 'odd' : 'even', n },
    }));
    const wanted = new Map([
      ['even', [4, 2]],
      ['odd', [3, 1]],
    ]);
    expect(bench.value(bench.stateOf(list))).toEqual(wanted);
    expect(bench.value(bench.join([...list].reverse().map(e => bench.stateOf([e]))))).toEqual(wanted);
  });
});
