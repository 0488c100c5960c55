import { describe, expect, it, test } from 'vitest';
import type { Expression } from '../../../lib/kernel/expression/nodes.ts';
import { hash53 } from '../../../lib/kernel/hash.ts';
import type { Value, ValueType } from '../../../lib/kernel/value-type.ts';
import { bool, decimal, evaluate, float, int, int64, listOf, of, string } from './evaluate.ts';

const text = of(string);

describe('length', () => {
  test.each<[Value, ValueType, Value]>([
    ['', string, 0],
    ['abc', string, 3],
    ['né', string, 2],
    ['ne\u0301', string, 3],
    ['😀', string, 1],
    ['a😀b𝒳', string, 4],
    ['\ufffd\ue000', string, 2],
    [null, string, null],
    [[], listOf(int), 0],
    [[1, null, 3], listOf(int), 3],
    [null, listOf(int), null],
  ])('of %j (%o) is %s', (value, type, wanted) => {
    expect(evaluate(x => ({ kind: 'length', type: int, value: x! }), [{ value, type }])).toBe(wanted);
  });
});

describe('lower', () => {
  test.each([
    ['ABC', 'abc'],
    ['ÀÉ', 'àé'],
    ['ß', 'ß'],
    ['', ''],
    [null, null],
  ])('of %j is %j', (value, wanted) => {
    expect(evaluate(x => ({ kind: 'lower', type: string, value: x! }), [text(value)])).toBe(wanted);
  });
});

describe('contains and startsWith', () => {
  test.each<[Value, Value, Value, Value]>([
    ['abc', 'b', true, false],
    ['abc', 'ab', true, true],
    ['abc', '', true, true],
    ['', '', true, true],
    ['', 'a', false, false],
    ['abc', 'B', false, false],
    ['a.c', '.', true, false],
    ['a😀', '😀', true, false],
    [null, 'a', null, null],
    ['a', null, null, null],
  ])('%j contains %j: %s, starts with it: %s', (value, needle, contains, starts) => {
    const make = (kind: 'contains' | 'startsWith') => (a: Expression, b: Expression) =>
      (kind === 'contains'
        ? { kind, type: bool, value: a, needle: b }
        : { kind, type: bool, value: a, prefix: b }) as Expression;
    expect(evaluate(make('contains') as never, [text(value), text(needle)])).toBe(contains);
    expect(evaluate(make('startsWith') as never, [text(value), text(needle)])).toBe(starts);
  });

  test.each<[Value, Value, ValueType, Value]>([
    [[1, 2, 3], 2, int, true],
    [[1, 2, 3], 4, int, false],
    [[], 4, int, false],
    [[9007199254740993n], 9007199254740993n, int64, true],
    [['a', 'b'], 'b', string, true],
    [['ab'], 'a', string, false],
    [[null, 1], 1, int, true],
    [[0], 0, float, true],
    [null, 1, int, null],
    [[1], null, int, null],
  ])('the list %o contains %s (%o): %s', (list, needle, type, wanted) => {
    const make = (a: Expression, b: Expression): Expression => ({
      kind: 'contains',
      type: bool,
      value: a,
      needle: b,
    });
    expect(evaluate(make as never, [of(listOf(type))(list), of(type)(needle)])).toBe(wanted);
  });
});

describe('splitElement', () => {
  test.each<[Value, string, number, Value]>([
    ['a/b/c', '/', 0, 'a'],
    ['a/b/c', '/', 2, 'c'],
    ['a/b/c', '/', 3, null],
    ['a/b/c', '/', -1, 'c'],
    ['a/b/c', '/', -3, 'a'],
    ['a/b/c', '/', -4, null],
    ['/a', '/', 0, ''],
    ['a/', '/', -1, ''],
    ['', '/', 0, ''],
    ['', '/', 1, null],
    ['abc', '/', 0, 'abc'],
    ['a--b--c', '--', 1, 'b'],
    ['a.b', '.', 1, 'b'],
    ['x😀y', '😀', 1, 'y'],
    ['a\u0000b', '\u0000', 1, 'b'],
    [null, '/', 0, null],
  ])('%j at %j, %d: %j', (value, separator, index, wanted) => {
    const make = (x: Expression): Expression => ({
      kind: 'splitElement',
      type: string,
      value: x,
      separator,
      index,
    });
    expect(evaluate(make as never, [text(value)])).toBe(wanted);
  });
});

describe('regexMatch', () => {
  const match = (value: Value, pattern: string): Value =>
    evaluate(x => ({ kind: 'regexMatch', type: bool, value: x!, pattern }), [text(value)]);
  test.each<[Value, string, Value]>([
    ['abc', 'b', true],
    ['abc', '^b', false],
    ['abc', '^a.c$', true],
    ['ABC', 'b', false],
    ['a\nb', 'a.b', false],
    ['😀', '^.$', true],
    ['né', '\\p{L}{2}', true],
    ['', '', true],
    ['a/b', '/', true],
    [null, '.', null],
  ])('%j matches /%s/: %s', (value, pattern, wanted) => {
    expect(match(value, pattern)).toBe(wanted);
  });
  it('keeps nothing from one match to the next', () => {
    expect([1, 2, 3].map(() => match('aaa', 'a'))).toEqual([true, true, true]);
  });
});

describe('hashBucket', () => {
  test.each<[Value, ValueType, number]>([
    ['user-1', string, 16],
    ['né', string, 1000],
    [42, int, 100],
    [42n, int64, 100],
    [1.5, float, 7],
    [30, decimal(2), 7],
    [true, bool, 2],
  ])('of %s (%o) is its hash mod %d', (value, type, buckets) => {
    const bucket = evaluate(x => ({ kind: 'hashBucket', type: int, value: x!, buckets }), [{ value, type }]);
    expect(bucket).toBe(hash53(value as string) % buckets);
  });
  it('of null is null', () => {
    expect(
      evaluate(x => ({ kind: 'hashBucket', type: int, value: x!, buckets: 3 }), [text(null)]),
    ).toBeNull();
  });
  it('is the same for ever', () => {
    const buckets = ['', 'a', 'ab', 'user-1', 'né', '😀'].map(value =>
      evaluate(x => ({ kind: 'hashBucket', type: int, value: x!, buckets: 1_000_000 }), [text(value)]),
    );
    expect(buckets).toEqual([748_828, 93_192, 469_243, 175_760, 584_806, 21_530]);
  });
});
