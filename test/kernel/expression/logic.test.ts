import { describe, expect, it, test } from 'vitest';
import { compileExpression } from '../../../lib/kernel/expression/compile.ts';
import { ExpressionError } from '../../../lib/kernel/expression/emit.ts';
import type { Expression } from '../../../lib/kernel/expression/nodes.ts';
import type { Value, ValueType } from '../../../lib/kernel/value-type.ts';
import {
  bool,
  decimal,
  evaluate,
  fieldOf,
  float,
  int,
  int64,
  literalOf,
  of,
  string,
  timestamp,
} from './evaluate.ts';

const truth = [true, false, null] as const;
const bools = (...values: (boolean | null)[]) => values.map(of(bool));

describe('three-valued logic', () => {
  // SQL:2016, "Truth tables for AND and OR".
  const and = (a: boolean | null, b: boolean | null) =>
    a === false || b === false ? false : a === null || b === null ? null : true;
  const or = (a: boolean | null, b: boolean | null) =>
    a === true || b === true ? true : a === null || b === null ? null : false;
  const pairs = truth.flatMap(a => truth.map(b => [a, b] as const));

  test.each(pairs)('%s and %s', (a, b) => {
    const value = evaluate((x, y) => ({ kind: 'and', type: bool, operands: [x!, y!] }), bools(a, b));
    expect(value).toBe(and(a, b));
  });
  test.each(pairs)('%s or %s', (a, b) => {
    const value = evaluate((x, y) => ({ kind: 'or', type: bool, operands: [x!, y!] }), bools(a, b));
    expect(value).toBe(or(a, b));
  });
  test.each(truth)('not %s', a => {
    const value = evaluate(x => ({ kind: 'not', type: bool, value: x! }), bools(a));
    expect(value).toBe(a === null ? null : !a);
  });
  it('joins any number of operands', () => {
    for (const a of truth) {
      for (const b of truth) {
        for (const c of truth) {
          const all = bools(a, b, c);
          expect(evaluate((...xs) => ({ kind: 'and', type: bool, operands: xs }), all)).toBe(
            and(and(a, b), c),
          );
          expect(evaluate((...xs) => ({ kind: 'or', type: bool, operands: xs }), all)).toBe(or(or(a, b), c));
        }
      }
    }
  });
});

describe('comparisons', () => {
  const compare = (operator: '=' | '!=' | '<' | '<=' | '>' | '>=', type: ValueType, a: Value, b: Value) =>
    evaluate(
      (left, right) => ({ kind: 'comparison', type: bool, operator, left: left!, right: right! }),
      [
        { value: a, type },
        { value: b, type },
      ],
    );

  /** Each list ascends strictly. */
  test.each<{ type: ValueType; values: readonly Value[] }>([
    { type: bool, values: [false, true] },
    { type: int, values: [-9007199254740991, -1, 0, 1, 9007199254740991] },
    { type: int64, values: [-(2n ** 63n), -1n, 0n, 9007199254740992n, 9007199254740993n, 2n ** 63n - 1n] },
    { type: float, values: [-1.7e308, -1, -5e-324, 0, 5e-324, 0.1, 1e300] },
    { type: decimal(2), values: [-101, -100, 0, 29, 30] },
    { type: timestamp, values: [-1, 0, 1] },
    // U+FFFD is below every character beyond U+FFFF, though its code unit is above the surrogates.
    {
      type: string,
      values: [
        '',
        '\u0000',
        'A',
        'a',
        'aa',
        'ab',
        'b',
        'é',
        '\ud7ff',
        '\ue000',
        '\ufffd',
        '\ufffd!',
        '\u{10000}',
        '😀',
        '\u{10ffff}',
      ],
    },
  ])('order $type.kind', ({ type, values }) => {
    for (const [i, a] of values.entries()) {
      for (const [j, b] of values.entries()) {
        expect(compare('=', type, a, b)).toBe(i === j);
        expect(compare('!=', type, a, b)).toBe(i !== j);
        expect(compare('<', type, a, b)).toBe(i < j);
        expect(compare('<=', type, a, b)).toBe(i <= j);
        expect(compare('>', type, a, b)).toBe(i > j);
        expect(compare('>=', type, a, b)).toBe(i >= j);
      }
      for (const operator of ['=', '!=', '<', '<=', '>', '>='] as const) {
        expect(compare(operator, type, a, null)).toBeNull();
        expect(compare(operator, type, null, a)).toBeNull();
        expect(compare(operator, type, null, null)).toBeNull();
      }
    }
  });
});

describe('inList', () => {
  const inList = (value: Value, type: ValueType, list: readonly Value[]) =>
    evaluate(
      x => ({ kind: 'inList', type: bool, value: x!, list: list.map(v => literalOf(v, type)) }),
      [{ value, type }],
    );
  test.each<[Value, ValueType, Value[], Value]>([
    ['b', string, ['a', 'b'], true],
    ['B', string, ['a', 'b'], false],
    ['__proto__', string, ['a'], false],
    [null, string, ['a'], null],
    [2, int, [1, 2, 3], true],
    [9007199254740993n, int64, [9007199254740993n], true],
    [9007199254740992n, int64, [9007199254740993n], false],
    [0.1, float, [0.1], true],
    [30, decimal(2), [30], true],
    [false, bool, [true], false],
    [0, timestamp, [0], true],
  ])('of %s (%o) in %o is %s', (value, type, list, wanted) => {
    expect(inList(value, type, list)).toBe(wanted);
  });
});

describe('nulls', () => {
  test.each(truth)('isNull of %s', a => {
    expect(evaluate(x => ({ kind: 'isNull', type: bool, value: x! }), bools(a))).toBe(a === null);
  });
  it('of a field that the row does not have', () => {
    expect(compileExpression({ kind: 'isNull', type: bool, value: fieldOf('f', int) })({})).toBe(true);
  });
  test.each<[Value[], Value]>([
    [[null, null], null],
    [[null, 0, 1], 0],
    [[5, null], 5],
    [[null, null, 7], 7],
  ])('coalesce of %o is %s', (values, wanted) => {
    expect(evaluate((...xs) => ({ kind: 'coalesce', type: int, values: xs }), values.map(of(int)))).toBe(
      wanted,
    );
  });
  it('coalesce keeps false and the empty string', () => {
    const coalesce =
      (type: ValueType) =>
      (...xs: Expression[]) =>
        ({ kind: 'coalesce', type, values: xs }) as const;
    expect(evaluate(coalesce(bool), bools(false, true))).toBe(false);
    expect(evaluate(coalesce(string), ['', 'x'].map(of(string)))).toBe('');
  });
  test.each(truth)('if %s chooses', a => {
    const value = evaluate(
      (condition, then, otherwise) => ({
        kind: 'if',
        type: int,
        condition: condition!,
        // biome-ignore lint/suspicious/noThenProperty: the node's name for it; nodes are never awaited
        then: then!,
        otherwise: otherwise!,
      }),
      [...bools(a), of(int)(1), of(int)(2)],
    );
    expect(value).toBe(a === true ? 1 : 2);
  });
  it('if passes on the null of the branch it chooses, and of no other', () => {
    const make = (condition: Expression, then: Expression, otherwise: Expression) =>
      ({ kind: 'if', type: int, condition, then, otherwise }) as const;
    const branches = (a: boolean | null, then: number | null, otherwise: number | null) =>
      evaluate(make as never, [...bools(a), of(int)(then), of(int)(otherwise)]);
    expect(branches(true, null, 2)).toBeNull();
    expect(branches(false, null, 2)).toBe(2);
    expect(branches(null, 1, null)).toBeNull();
  });
});

describe('fields', () => {
  const inner = {
    kind: 'struct',
    fields: [
      { name: 'id', type: string },
      { name: 'n', type: int },
    ],
  } as const;
  const outer = {
    kind: 'struct',
    fields: [
      { name: 'x', type: float },
      { name: 'item', type: inner },
    ],
  } as const;
  const path = (...steps: string[]) =>
    compileExpression(
      { kind: 'field', source: 'event', name: 'o', type: int, path: steps },
      { types: new Map([['o', outer]]) },
    );

  it('lead on into structs', () => {
    const row = { o: [1.5, ['i', 3]] };
    expect(path('x')(row)).toBe(1.5);
    expect(path('item', 'id')(row)).toBe('i');
    expect(path('item', 'n')(row)).toBe(3);
    expect(path('item')(row)).toEqual(['i', 3]);
  });
  it('are null beyond a null', () => {
    expect(path('item', 'id')({ o: [1.5, null] })).toBeNull();
    expect(path('item', 'id')({ o: [1.5, [null, 1]] })).toBeNull();
    expect(path('item', 'id')({ o: null })).toBeNull();
    expect(path('item', 'id')({})).toBeNull();
  });
  it('that structs do not have are refused', () => {
    expect(() => path('item', 'price')).toThrow(ExpressionError);
    expect(() => path('item', 'price')).toThrow(/'o'.*no member 'price'/);
    expect(() => path('x', 'y')).toThrow(/no member 'y'/);
  });
  it('of the context are apart from features of one name', () => {
    const of = (source: 'feature' | 'context') =>
      compileExpression({ kind: 'field', source, name: 'price', type: int });
    const row = { price: 1, 'context.price': 2 };
    expect(of('feature')(row)).toBe(1);
    expect(of('context')(row)).toBe(2);
  });
  it('structs are lists of their members, null or not', () => {
    const struct = (...xs: Expression[]): Expression => ({
      kind: 'struct',
      type: inner,
      fields: xs.map((value, i) => ({ name: inner.fields[i]!.name, value })),
    });
    expect(evaluate(struct, [of(string)('i'), of(int)(3)])).toEqual(['i', 3]);
    expect(evaluate(struct, [of(string)(null), of(int)(null)])).toEqual([null, null]);
  });
});
