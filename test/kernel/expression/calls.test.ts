import { describe, expect, it, test } from 'vitest';
import { compileExpression } from '../../../lib/kernel/expression/compile.ts';
import { ExpressionError } from '../../../lib/kernel/expression/emit.ts';
import type { Value, ValueType } from '../../../lib/kernel/value-type.ts';
import { bool, decimal, fieldOf, float, int, int64, listOf, string, timestamp } from './evaluate.ts';

function call(fn: (...values: never[]) => unknown, type: ValueType, parameters: readonly ValueType[] = []) {
  const node = {
    kind: 'call',
    type,
    name: 'fn',
    version: 1,
    arguments: parameters.map((p, i) => fieldOf(`f${i}`, p)),
  } as const;
  const compiled = compileExpression(node, { functions: new Map([['fn', fn]]) });
  return (...values: Value[]) => compiled(Object.fromEntries(values.map((v, i) => [`f${i}`, v])));
}

describe('a call', () => {
  it('takes and returns external values', () => {
    const seen: unknown[] = [];
    const struct = {
      kind: 'struct',
      fields: [
        { name: 'a', type: int },
        { name: 'b', type: decimal(1) },
      ],
    } as const;
    const fn = call(
      (...values) => {
        seen.push(...values);
        return 1.25;
      },
      decimal(2),
      [decimal(2), int64, struct, listOf(string), string],
    );
    expect(fn(150, 5n, [1, 25], ['x', null], null)).toBe(125);
    expect(seen).toEqual([1.5, 5n, { a: 1, b: 2.5 }, ['x', null], null]);
  });

  it('is null when the function throws', () => {
    const thrower = call(() => {
      throw new Error('no');
    }, int);
    expect(thrower()).toBeNull();
    expect(call(() => (null as never as string).length, int)()).toBeNull();
  });

  test.each<[ValueType, unknown[]]>([
    [int, [1.5, '1', true, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1n, {}, [], undefined]],
    [int64, [1.5, 'x', 2n ** 63n, true, 2 ** 53]],
    [float, ['1', Number.NaN, Number.POSITIVE_INFINITY, 1n]],
    [decimal(2), [0.001, '0.001', Number.NaN, 1e15, 5n]],
    [string, [1, '\ud800', {}, Symbol.iterator]],
    [bool, [1, 'true', 0]],
    [timestamp, ['soon', 1.5, new Date(0), 8.64e15 + 1]],
    [listOf(int), ['x', [1, 'x'], { 0: 1, length: 1 }]],
    [{ kind: 'struct', fields: [{ name: 'a', type: int }] }, [{ a: 'x' }, [1], 5]],
  ])('of type %o is null for a value of another type', (type, results) => {
    for (const result of results) expect(call(() => result, type)(), String(result)).toBeNull();
  });

  test.each<[ValueType, unknown, Value]>([
    [int, -0, 0],
    [float, -0, 0],
    [int64, '5', 5n],
    [int64, 5, 5n],
    [decimal(2), '0.29', 29],
    [timestamp, '1970-01-01T00:00:01Z', 1000],
    [listOf(decimal(1)), [0.5, null], [5, null]],
    [
      {
        kind: 'struct',
        fields: [
          { name: 'a', type: int },
          { name: 'toString', type: int },
        ],
      },
      { a: 1 },
      [1, null],
    ],
  ])('of type %o reads %o as %o', (type, result, wanted) => {
    expect(call(() => result, type)()).toStrictEqual(wanted);
  });

  it('of a function that is not registered is refused by name', () => {
    const node = { kind: 'call', type: int, name: 'missing', version: 1, arguments: [] } as const;
    expect(() => compileExpression(node)).toThrow(ExpressionError);
    expect(() => compileExpression(node)).toThrow(/no function 'missing'/);
  });
});
