import { describe, expect, it, test } from 'vitest';
import type { ArithmeticOperator, Expression } from '../../../lib/kernel/expression/nodes.ts';
import type { Value, ValueType } from '../../../lib/kernel/value-type.ts';
import { decimal, evaluate, float, int, int64, timestamp } from './evaluate.ts';

const max = Number.MAX_SAFE_INTEGER;
const max64 = 2n ** 63n - 1n;
const min64 = -(2n ** 63n);

function compute(
  operator: ArithmeticOperator,
  left: { value: Value; type: ValueType },
  right: { value: Value; type: ValueType },
): Value {
  const type =
    operator === '/'
      ? float
      : operator === '*' && left.type.kind === 'decimal' && right.type.kind === 'decimal'
        ? decimal(left.type.scale + right.type.scale)
        : left.type;
  const make = (a: Expression, b: Expression): Expression => ({
    kind: 'arithmetic',
    type,
    operator,
    left: a,
    right: b,
  });
  return evaluate(make as never, [left, right]);
}

type Row = readonly [Value, ArithmeticOperator, Value, Value];

describe('ints', () => {
  test.each<Row>([
    [2, '+', 3, 5],
    [2, '-', 3, -1],
    [-2, '*', 3, -6],
    [7, '/', 2, 3.5],
    [1, '/', 3, 1 / 3],
    [7, '%', 3, 1],
    [-7, '%', 3, -1],
    [7, '%', -3, 1],
    [max, '+', 0, max],
    [max, '+', 1, null],
    [-max, '-', 1, null],
    [max, '*', max, null],
    [3037000500, '*', 3037000500, null],
    [94906265, '*', 94906265, 9007199136250225],
    [1, '/', 0, null],
    [0, '/', 0, null],
    [1, '%', 0, null],
    // Never −0.
    [0, '*', -5, 0],
    [-4, '%', 2, 0],
    [0, '/', -5, 0],
    [null, '+', 1, null],
    [1, '*', null, null],
    [null, '/', 0, null],
    [null, '%', null, null],
  ])('%s %s %s = %s', (a, operator, b, wanted) => {
    expect(compute(operator, { value: a, type: int }, { value: b, type: int })).toBe(wanted);
  });
});

describe('int64s', () => {
  test.each<Row>([
    [9007199254740993n, '+', 1n, 9007199254740994n],
    [max64, '+', 0n, max64],
    [max64, '+', 1n, null],
    [min64, '-', 1n, null],
    [3037000500n, '*', 3037000500n, null],
    [3037000499n, '*', 3037000499n, 9223372030926249001n],
    [min64, '*', -1n, null],
    [7n, '/', 2n, 3.5],
    [7n, '/', 0n, null],
    [-7n, '%', 3n, -1n],
    [7n, '%', -3n, 1n],
    [min64, '%', -1n, 0n],
    [7n, '%', 0n, null],
    [0n, '/', -5n, 0],
    [null, '+', 1n, null],
    [1n, '%', null, null],
  ])('%s %s %s = %s', (a, operator, b, wanted) => {
    expect(compute(operator, { value: a, type: int64 }, { value: b, type: int64 })).toBe(wanted);
  });
});

describe('floats', () => {
  test.each<Row>([
    [0.1, '+', 0.2, 0.30000000000000004],
    [1e308, '+', 1e308, null],
    [-1e308, '-', 1e308, null],
    [1e200, '*', 1e200, null],
    [1e200, '/', 1e-200, null],
    [1, '/', 0, null],
    [5.5, '%', 2, 1.5],
    [-5.5, '%', 2, -1.5],
    [5.5, '%', 0, null],
    [-4, '%', 2, 0],
    [-1, '*', 0, 0],
    [-5e-324, '/', 2, 0],
    [0, '/', -1, 0],
    [null, '-', 1, null],
  ])('%s %s %s = %s', (a, operator, b, wanted) => {
    expect(compute(operator, { value: a, type: float }, { value: b, type: float })).toBe(wanted);
  });
});

describe('decimals, as scaled integers,', () => {
  test.each<Row>([
    [10, '+', 20, 30], // 0.10 + 0.20 = 0.30
    [100, '-', 99, 1],
    [1, '/', 3, 0.01 / 0.03],
    [100, '/', 0, null],
    [-750, '%', 200, -150],
    [750, '%', 0, null],
    [max, '+', 1, null],
    [null, '+', 1, null],
  ])('of one scale: %s %s %s = %s', (a, operator, b, wanted) => {
    const type = decimal(2);
    expect(compute(operator, { value: a, type }, { value: b, type })).toBe(wanted);
  });

  it('multiply to the sum of their scales', () => {
    // 19.99 × 0.075 = 1.49925
    expect(compute('*', { value: 1999, type: decimal(2) }, { value: 75, type: decimal(3) })).toBe(149925);
    // 12.34 × 3 (a whole number is a decimal(0)) = 37.02
    expect(compute('*', { value: 1234, type: decimal(2) }, { value: 3, type: decimal(0) })).toBe(3702);
    expect(compute('*', { value: max, type: decimal(2) }, { value: 2, type: decimal(0) })).toBeNull();
  });

  it('meet other scales by an exact cast', () => {
    const widened = (value: Value, from: number, to: number): Value =>
      evaluate(x => ({ kind: 'cast', type: decimal(to), value: x! }), [{ value, type: decimal(from) }]);
    // 0.5 + 0.25: the builders cast decimal(1) to decimal(2).
    const half = widened(5, 1, 2);
    expect(compute('+', { value: half, type: decimal(2) }, { value: 25, type: decimal(2) })).toBe(75);
    expect(widened(max, 1, 2)).toBeNull();
  });
});

describe('timestamps', () => {
  it('subtract to milliseconds', () => {
    expect(compute('-', { value: 5000, type: timestamp }, { value: 6000, type: timestamp })).toBe(-1000);
  });
});

describe('negate', () => {
  test.each<{ type: ValueType; value: Value; wanted: Value }>([
    { type: int, value: 5, wanted: -5 },
    { type: int, value: 0, wanted: 0 },
    { type: int, value: -max, wanted: max },
    { type: int, value: null, wanted: null },
    { type: float, value: 0, wanted: 0 },
    { type: float, value: 1.5, wanted: -1.5 },
    { type: decimal(2), value: -150, wanted: 150 },
    { type: int64, value: max64, wanted: -max64 },
    { type: int64, value: min64, wanted: null },
    { type: int64, value: 0n, wanted: 0n },
  ])('of $value ($type.kind) is $wanted', ({ type, value, wanted }) => {
    expect(evaluate(x => ({ kind: 'negate', type, value: x! }), [{ value, type }])).toBe(wanted);
  });
});
