import { describe, expect, test } from 'vitest';
import { agrees, type Truth } from './compare.ts';
import type { Rule } from './rules.ts';

const cases: readonly [string, Rule, unknown, Truth, boolean][] = [
  ['equal numbers', { kind: 'exact' }, 3, { value: 3 }, true],
  ['other numbers', { kind: 'exact' }, 3, { value: 3.0000000001 }, false],
  ['null and 0', { kind: 'exact' }, null, { value: 0 }, false],
  ['null and null', { kind: 'exact' }, null, { value: null }, true],
  ['undefined', { kind: 'exact' }, undefined, { value: null }, false],
  ['lists in another order', { kind: 'exact' }, ['a', 'b'], { value: ['b', 'a'] }, false],
  ['a list and its beginning', { kind: 'exact' }, ['a'], { value: ['a', 'b'] }, false],
  ['maps in another order', { kind: 'exact' }, { a: 1, b: 2 }, { value: { b: 2, a: 1 } }, true],
  ['maps with other keys', { kind: 'exact' }, { a: 1, b: 2 }, { value: { a: 1, c: 2 } }, false],
  ['structs in lists', { kind: 'exact' }, [{ item: 'a', qty: 1 }], { value: [{ item: 'a', qty: 2 }] }, false],
  ['floats within 1e-9', { kind: 'float' }, 1 + 5e-10, { value: 1 }, true],
  ['floats beyond', { kind: 'float' }, 1 + 2e-9, { value: 1 }, false],
  ['a difference of large terms', { kind: 'float' }, 5e-7, { value: 0, abs: 1_000 }, true],
  ['a difference too far from theirs', { kind: 'float' }, 2e-6, { value: 0, abs: 1_000 }, false],
  ['a sparse sketch', { kind: 'approxDistinct' }, 502, { value: 500 }, true],
  ['a sparse sketch that is off', { kind: 'approxDistinct' }, 504, { value: 500 }, false],
  ['a dense sketch', { kind: 'approxDistinct' }, 4_300, { value: 4_000 }, true],
  ['a dense sketch that is off', { kind: 'approxDistinct' }, 4_400, { value: 4_000 }, false],
  ['a quantile', { kind: 'quantile', accuracy: 0.01 }, 1.0099, { value: 1 }, true],
  ['a quantile that is off', { kind: 'quantile', accuracy: 0.01 }, 1.0101, { value: 1 }, false],
  ['a quantile of nothing', { kind: 'quantile', accuracy: 0.01 }, null, { value: 1 }, false],
];
const frequent: Rule = { kind: 'heavyHitters', sample: 100, top: 2 };
const counts = { a: 5_000, b: 3_000, c: 1_500, d: 500 };
const sampled: readonly [string, unknown, boolean][] = [
  ['near estimates', { a: 4_700, b: 3_400 }, true],
  ['one that is far off', { a: 9_000, b: 3_000 }, false],
  ['one too few', { a: 5_000 }, false],
  ['a rare value in place of the most frequent', { b: 3_000, d: 500 }, false],
];

describe('a value read and the SQL', () => {
  test.each(cases)('%s', (_, rule, ours, truth, expected) => {
    expect(agrees(rule, ours, truth)).toBe(expected);
  });
  test.each(sampled)('heavy hitters beyond the sample: %s', (_, ours, expected) => {
    expect(agrees(frequent, ours, { value: { a: 5_000, b: 3_000 }, n: 10_000, counts })).toBe(expected);
  });
  test('heavy hitters within the sample are exact', () => {
    expect(agrees(frequent, { a: 5, b: 3 }, { value: { a: 5, b: 3 }, n: 9, counts: null })).toBe(true);
    expect(agrees(frequent, { a: 5, b: 4 }, { value: { a: 5, b: 3 }, n: 9, counts: null })).toBe(false);
  });
});
