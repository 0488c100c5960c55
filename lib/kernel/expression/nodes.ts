import type { ValueType } from '../value-type.ts';

/**
 * Expressions are data: frozen nodes tagged by `kind`, each carrying the type of its value, so that one tree
 * compiles to JavaScript (compile.ts), to SQL, and to plain JSON in the Plan.
 *
 * Every operation follows SQL: a null operand makes the result null, except in `isNull`, `coalesce`, `and`,
 * `or` (three-valued) and the condition of `if` (null chooses `otherwise`). A result that its type cannot hold
 * (an integer past 2^53, a division by zero, a failed cast) is null as well: an expression never throws and
 * never yields NaN, infinity or −0.
 */
export type Expression =
  | Field
  | Literal
  | Arithmetic
  | Negate
  | Comparison
  | And
  | Or
  | Not
  | InList
  | IsNull
  | Coalesce
  | If
  | Lower
  | Length
  | Contains
  | StartsWith
  | SplitElement
  | RegexMatch
  | DatePart
  | DateTruncate
  | Cast
  | HashBucket
  | Struct
  | Call;

interface Node<K extends string> {
  readonly kind: K;
  readonly type: ValueType;
}

/**
 * A named value of the row the expression is evaluated on: a stream's field, or, in derived and on-demand
 * features, a feature (`source: 'feature'`) or a value that the request brings (`source: 'context'`).
 * `path` leads on into a struct field.
 */
export interface Field extends Node<'field'> {
  readonly source: 'event' | 'feature' | 'context';
  readonly name: string;
  readonly path?: readonly string[];
}

/** A constant. An int64 is written as a decimal string, a decimal as its scaled integer. */
export interface Literal extends Node<'literal'> {
  readonly value: string | number | boolean | null;
}

export const arithmeticOperators = ['+', '-', '*', '/', '%'] as const;
export type ArithmeticOperator = (typeof arithmeticOperators)[number];

/**
 * Operands have one type, or differ only in a decimal's scale: the builders cast them. `/` yields a float,
 * whatever its operands; `%` takes the sign of the dividend; a product of decimals has the sum of the scales.
 */
export interface Arithmetic extends Node<'arithmetic'> {
  readonly operator: ArithmeticOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface Negate extends Node<'negate'> {
  readonly value: Expression;
}

export const comparisonOperators = ['=', '!=', '<', '<=', '>', '>='] as const;
export type ComparisonOperator = (typeof comparisonOperators)[number];

/** Strings compare by code point (the order of their UTF-8 bytes), false before true. */
export interface Comparison extends Node<'comparison'> {
  readonly operator: ComparisonOperator;
  readonly left: Expression;
  readonly right: Expression;
}

export interface And extends Node<'and'> {
  readonly operands: readonly Expression[];
}
export interface Or extends Node<'or'> {
  readonly operands: readonly Expression[];
}
export interface Not extends Node<'not'> {
  readonly value: Expression;
}

/** True when the value equals one of the literals; none of them is null. */
export interface InList extends Node<'inList'> {
  readonly value: Expression;
  readonly list: readonly Literal[];
}

export interface IsNull extends Node<'isNull'> {
  readonly value: Expression;
}
export interface Coalesce extends Node<'coalesce'> {
  readonly values: readonly Expression[];
}
export interface If extends Node<'if'> {
  readonly condition: Expression;
  readonly then: Expression;
  readonly otherwise: Expression;
}

export interface Lower extends Node<'lower'> {
  readonly value: Expression;
}
/** Of a string: its code points. Of a list: its elements. */
export interface Length extends Node<'length'> {
  readonly value: Expression;
}
/** Of a string: the needle occurs in it. Of a list: the needle is an element. */
export interface Contains extends Node<'contains'> {
  readonly value: Expression;
  readonly needle: Expression;
}
export interface StartsWith extends Node<'startsWith'> {
  readonly value: Expression;
  readonly prefix: Expression;
}
/** The element at `index` (from 0; negative counts from the end) of the string split at `separator`, or null. */
export interface SplitElement extends Node<'splitElement'> {
  readonly value: Expression;
  readonly separator: string;
  readonly index: number;
}
/** True when the ECMAScript pattern (flag u) matches somewhere in the string. */
export interface RegexMatch extends Node<'regexMatch'> {
  readonly value: Expression;
  readonly pattern: string;
}

export const dateParts = [
  'year',
  'month',
  'day',
  'hour',
  'minute',
  'second',
  'dayOfWeek',
  'dayOfYear',
] as const;
/** In UTC. Months and days count from 1; dayOfWeek is ISO's, Monday 1 … Sunday 7. */
export type DatePartName = (typeof dateParts)[number];
export interface DatePart extends Node<'datePart'> {
  readonly value: Expression;
  readonly part: DatePartName;
}

export const dateUnits = ['minute', 'hour', 'day', 'week', 'month', 'year'] as const;
/** In UTC; weeks begin on Monday. */
export type DateUnit = (typeof dateUnits)[number];
export interface DateTruncate extends Node<'dateTruncate'> {
  readonly value: Expression;
  readonly unit: DateUnit;
}

/** Null where the value has no counterpart in `type`. Fractions are cut off towards zero, but a float becomes the nearest
 * decimal; text is parsed strictly. */
export interface Cast extends Node<'cast'> {
  readonly value: Expression;
}

/** `hash53(value) mod buckets`, an int from 0 (hash.ts). */
export interface HashBucket extends Node<'hashBucket'> {
  readonly value: Expression;
  readonly buckets: number;
}

export interface Struct extends Node<'struct'> {
  readonly fields: readonly { readonly name: string; readonly value: Expression }[];
}

/**
 * The escape hatch: a TypeScript function, registered by name beside the Plan, called with the arguments' values
 * (external form). It marks its group as kernel-only. `version` stands for the code, which a Plan cannot hold.
 */
export interface Call extends Node<'call'> {
  readonly name: string;
  readonly version: number;
  readonly arguments: readonly Expression[];
}
