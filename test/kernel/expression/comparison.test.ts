import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Expression } from '../../../lib/kernel/expression/nodes.ts';
import { sameType, type ValueType } from '../../../lib/kernel/value-type.ts';
import { bool, decimal, evaluate, int, int64, type Operand } from './evaluate.ts';

const max = Number.MAX_SAFE_INTEGER;
const operators = ['<', '<=', '=', '!=', '>=', '>'] as const;

const casted = (value: Expression, type: ValueType): Expression =>
  sameType(value.type, type) ? value : { kind: 'cast', type, value };

/** Which operators hold between two numbers that meet as decimals of `scale`, as definitions compare them. */
function holding(left: Operand, right: Operand, scale: number): string[] {
  const type = decimal(scale);
  return operators.filter(operator => {
    const make = (a: Expression, b: Expression): Expression => ({
      kind: 'comparison',
      type: bool,
      operator,
      left: casted(a, type),
      right: casted(b, type),
    });
    const value = evaluate(make as never, [left, right]);
    expect(value).not.toBeNull();
    return value;
  });
}

const expected = (order: number): string[] =>
  order < 0 ? ['<', '<=', '!='] : order > 0 ? ['!=', '>=', '>'] : ['<=', '=', '>='];

test('numbers of different scales compare rightly where one has no place in the wider scale', () => {
  // 10,000,000 and 9,007,199.254740991 as decimal(9).
  expect(holding({ value: 10_000_000, type: int }, { value: max, type: decimal(9) }, 9)).toEqual(expected(1));
  expect(holding({ value: -max, type: decimal(9) }, { value: -max, type: int }, 9)).toEqual(expected(1));
  const least = -(2n ** 63n);
  expect(holding({ value: least, type: int64 }, { value: -max, type: decimal(2) }, 2)).toEqual(expected(-1));
});

test('numbers of different scales compare as exact fractions do', () => {
  const near = (x: fc.Arbitrary<number>) => fc.oneof(x, fc.constantFrom(0, 1, -1, max, -max, max - 1));
  const whole = near(fc.integer({ min: -max, max }));
  fc.assert(
    fc.property(fc.nat(14), fc.integer({ min: 1, max: 15 }), whole, whole, (low, more, a, b) => {
      const high = Math.min(15, low + more);
      const order = BigInt(a) * 10n ** BigInt(high - low) - BigInt(b);
      const left = { value: a, type: decimal(low) };
      const right = { value: b, type: decimal(high) };
      expect(holding(left, right, high)).toEqual(expected(Number(order)));
      expect(holding(right, left, high)).toEqual(expected(Number(-order)));
    }),
  );
});
