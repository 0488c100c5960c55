import { expect } from 'vitest';
import { compileExpression } from '../../../lib/kernel/expression/compile.ts';
import type { Expression, Literal } from '../../../lib/kernel/expression/nodes.ts';
import type { Value, ValueType } from '../../../lib/kernel/value-type.ts';

export const bool = { kind: 'bool' } as const;
export const int = { kind: 'int' } as const;
export const int64 = { kind: 'int64' } as const;
export const float = { kind: 'float' } as const;
export const string = { kind: 'string' } as const;
export const timestamp = { kind: 'timestamp' } as const;
export const decimal = (scale: number) => ({ kind: 'decimal', scale }) as const;
export const listOf = (of: ValueType) => ({ kind: 'list', of }) as const;

export const fieldOf = (name: string, type: ValueType): Expression => ({
  kind: 'field',
  source: 'event',
  name,
  type,
});

export const literalOf = (value: Value, type: ValueType): Literal => ({
  kind: 'literal',
  type,
  value: typeof value === 'bigint' ? value.toString() : (value as string | number | boolean | null),
});

export interface Operand {
  readonly value: Value;
  readonly type: ValueType;
}
export const of =
  (type: ValueType) =>
  (value: Value): Operand => ({ value, type });

/**
 * The value of the node that `make` builds of the operands: once of them as fields, where the program checks for
 * nulls, and once of them as literals, where it leaves out checks that are not needed. Both must give the same.
 */
export function evaluate(
  make: (...operands: Expression[]) => Expression,
  operands: readonly Operand[],
): Value {
  const row = Object.fromEntries(operands.map(({ value }, i) => [`f${i}`, value]));
  const ofFields = compileExpression(make(...operands.map(({ type }, i) => fieldOf(`f${i}`, type))))(row);
  if (operands.every(o => typeof o.value !== 'object' || o.value === null)) {
    const literals = operands.map(({ value, type }) => literalOf(value, type));
    expect(compileExpression(make(...literals))({})).toStrictEqual(ofFields);
  }
  return ofFields;
}
