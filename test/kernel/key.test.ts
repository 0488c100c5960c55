import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { keyEncoder, keyOf, longestKey } from '../../lib/kernel/key.ts';

describe('a row key', () => {
  test.each<[(string | number | bigint | null)[], string | null]>([
    [['u1'], 'u1'],
    [[42], '42'],
    [[-7n], '-7'],
    [[0], '0'],
    [['a|b\\c'], 'a|b\\c'],
    [['a', 'b'], 'a|b'],
    [['a', 1, 2n], 'a|1|2'],
    [['a|b', 'c'], 'a\\|b|c'],
    [['a', 'b|c'], 'a|b\\|c'],
    [['a\\', 'b'], 'a\\\\|b'],
    [[null], null],
    [[''], null],
    [['a', null], null],
    [['a', ''], null],
    [['x'.repeat(longestKey)], 'x'.repeat(longestKey)],
    [['x'.repeat(longestKey + 1)], null],
    [['x'.repeat(longestKey), 'y'], null],
  ])('of %o is %o', (parts, wanted) => {
    expect(keyOf(parts)).toBe(wanted);
  });

  it('takes its parts from an event in the order of the group', () => {
    expect(keyEncoder([2, 0])(['a', 'b', 'c'])).toBe('c|a');
    expect(keyEncoder([1])(['a', 'b', 'c'])).toBe('b');
  });

  it('differs for different parts', () => {
    const part = fc.string({ unit: fc.constantFrom('|', '\\', 'a'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(part, part, part, part, (a, b, c, d) => {
        expect(keyOf([a, b]) === keyOf([c, d])).toBe(a === c && b === d);
      }),
      { numRuns: 2000 },
    );
  });
});
