import type { DatePartName, DateUnit, Expression } from '../../kernel/expression/nodes.ts';
import type { Described, FieldPlan } from '../../kernel/plan.ts';
import type { ValueType } from '../../kernel/value-type.ts';
import { describedOf } from '../described.ts';
import { DefinitionError } from '../errors.ts';
import * as build from './build.ts';
import { show } from './literals.ts';
import * as parts from './parts.ts';

/**
 * Expressions as people write them: `e.price.mul(e.quantity).gt(100)`. Each wraps a node of the Plan and offers
 * what its type can do; the types of these classes are also how TypeScript tells the types of fields and features.
 */

declare const kindOf: unique symbol;
declare const externalOf: unique symbol;

export type NumericKind = 'int' | 'int64' | 'float' | 'decimal';
export type ScalarKind = NumericKind | 'string' | 'bool' | 'timestamp';
export type Kind = ScalarKind | 'list' | 'struct' | 'map';

/** An expression of some kind; `X` is the form in which readers of features see its values. */
export abstract class ExpressionOf<K extends Kind = Kind, X = unknown> {
  declare readonly [kindOf]: K;
  declare readonly [externalOf]: X;
  readonly node: Expression;
  /** The field it reads, where it does: what constants it can be compared with. */
  readonly field: FieldShape | undefined;
  readonly described: Described = {};

  constructor(node: Expression, field?: FieldShape) {
    this.node = node;
    this.field = field;
  }

  isNull(): BoolExpression {
    return new BoolExpression(build.isNull(this.node));
  }

  isNotNull(): BoolExpression {
    return new BoolExpression(build.not(build.isNull(this.node)));
  }

  /** A derived feature's description. */
  describe(description: string): this {
    return redescribed(this, { description });
  }

  /** Tags of a derived feature, besides those it has. */
  tag(...tags: readonly string[]): this {
    return redescribed(this, { tags: [...(this.described.tags ?? []), ...tags] });
  }

  owner(owner: string): this {
    return redescribed(this, { owner });
  }
}

/** The kind of an expression's values. */
export type KindOf<E> = E extends { readonly [kindOf]: infer K } ? K : never;
/** What readers of features get for an expression's values that are not null. */
export type External<E> = E extends { readonly [externalOf]: infer X } ? X : never;

export type FieldShape = Pick<FieldPlan, 'oneOf' | 'element' | 'fields'>;

function redescribed<E extends ExpressionOf>(expression: E, more: Described): E {
  const copy = new (expression.constructor as new (node: Expression, field?: FieldShape) => E)(
    expression.node,
    expression.field,
  );
  return Object.assign(copy, { described: describedOf({ ...expression.described, ...more }) });
}

/** Where both meet, the first of float, decimal, int64, int. */
export type Widest<K> = 'float' extends K
  ? 'float'
  : 'decimal' extends K
    ? 'decimal'
    : 'int64' extends K
      ? 'int64'
      : 'int';

type NumberConstant<K> = K extends 'int64' ? bigint : number;
/** What arithmetic and comparisons with a number take: a number of any type, or a constant of its own. */
export type NumberOperand<K extends NumericKind> = ExpressionOf<NumericKind> | NumberConstant<K>;
type OperandKind<K, B> = B extends ExpressionOf
  ? KindOf<B>
  : B extends bigint
    ? 'int64'
    : B extends number
      ? K extends 'float' | 'decimal'
        ? K
        : `${B}` extends `${string}.${string}` | `${string}e-${string}`
          ? 'float'
          : 'int'
      : never;
type Combined<K extends NumericKind, B> = NumberExpression<Widest<K | OperandKind<K, B>> & NumericKind>;

export class NumberExpression<K extends NumericKind = NumericKind> extends ExpressionOf<
  K,
  K extends 'int64' ? bigint : number
> {
  add<const B extends NumberOperand<K>>(other: B): Combined<K, B> {
    return this.#with('+', other);
  }
  sub<const B extends NumberOperand<K>>(other: B): Combined<K, B> {
    return this.#with('-', other);
  }
  mul<const B extends NumberOperand<K>>(other: B): Combined<K, B> {
    return this.#with('*', other);
  }
  /** A float, whatever is divided; null where the divisor is 0. */
  div(other: NumberOperand<K>): NumberExpression<'float'> {
    return this.#with('/', other);
  }
  /** The remainder, with the sign of this number. */
  mod<const B extends NumberOperand<K>>(other: B): Combined<K, B> {
    return this.#with('%', other);
  }
  neg(): NumberExpression<K> {
    return new NumberExpression(build.negate(this.node));
  }

  eq(other: NumberOperand<K>): BoolExpression {
    return compare('=', this, other);
  }
  ne(other: NumberOperand<K>): BoolExpression {
    return compare('!=', this, other);
  }
  lt(other: NumberOperand<K>): BoolExpression {
    return compare('<', this, other);
  }
  le(other: NumberOperand<K>): BoolExpression {
    return compare('<=', this, other);
  }
  gt(other: NumberOperand<K>): BoolExpression {
    return compare('>', this, other);
  }
  ge(other: NumberOperand<K>): BoolExpression {
    return compare('>=', this, other);
  }
  in(values: readonly NumberConstant<K>[]): BoolExpression {
    return new BoolExpression(build.inList(this.node, values));
  }

  /** The first of this and `others` that is not null. */
  coalesce<const B extends readonly NumberOperand<K>[]>(...others: B): Combined<K, B[number]> {
    return new NumberExpression(build.coalesce(this.node, others.map(operandOf)));
  }

  toInt(): NumberExpression<'int'> {
    return cast(this, { kind: 'int' }, NumberExpression<'int'>);
  }
  toInt64(): NumberExpression<'int64'> {
    return cast(this, { kind: 'int64' }, NumberExpression<'int64'>);
  }
  toFloat(): NumberExpression<'float'> {
    return cast(this, { kind: 'float' }, NumberExpression<'float'>);
  }
  /** With `scale` digits after the point, 0 to 15. */
  toDecimal(scale: number): NumberExpression<'decimal'> {
    return cast(this, parts.decimalType(scale), NumberExpression<'decimal'>);
  }
  toText(): StringExpression {
    return cast(this, { kind: 'string' }, StringExpression);
  }
  /** The number as milliseconds since 1970. */
  toTimestamp(): TimestampExpression {
    return cast(this, { kind: 'timestamp' }, TimestampExpression);
  }
  /** A number from 0 to `buckets` − 1 by the value's hash. */
  hashBucket(buckets: number): NumberExpression<'int'> {
    return new NumberExpression(parts.hashBucket(this.node, buckets));
  }

  #with<R extends NumericKind>(operator: '+' | '-' | '*' | '/' | '%', other: unknown): NumberExpression<R> {
    return new NumberExpression(build.arithmetic(operator, this.node, operandOf(other)));
  }
}

/** `V` are the listed values of a oneOf, or any string. */
export class StringExpression<V extends string = string> extends ExpressionOf<'string', V> {
  eq(other: NoInfer<V> | ExpressionOf<'string'>): BoolExpression {
    return compare('=', this, this.#listed(other));
  }
  ne(other: NoInfer<V> | ExpressionOf<'string'>): BoolExpression {
    return compare('!=', this, this.#listed(other));
  }
  in(values: readonly NoInfer<V>[]): BoolExpression {
    if (Array.isArray(values)) for (const value of values) this.#listed(value);
    return new BoolExpression(build.inList(this.node, values));
  }
  /** Strings are ordered by code point. */
  lt(other: string | ExpressionOf<'string'>): BoolExpression {
    return compare('<', this, other);
  }
  le(other: string | ExpressionOf<'string'>): BoolExpression {
    return compare('<=', this, other);
  }
  gt(other: string | ExpressionOf<'string'>): BoolExpression {
    return compare('>', this, other);
  }
  ge(other: string | ExpressionOf<'string'>): BoolExpression {
    return compare('>=', this, other);
  }

  /** The first of this and `others` that is not null. */
  coalesce<const B extends readonly (string | ExpressionOf<'string', string>)[]>(
    ...others: B
  ): StringExpression<
    V | (B[number] extends infer O ? (O extends string ? O : External<O> & string) : never)
  > {
    return new StringExpression(build.coalesce(this.node, others.map(operandOf)));
  }

  lower(): StringExpression {
    return new StringExpression(parts.lower(this.node));
  }
  /** In code points. */
  length(): NumberExpression<'int'> {
    return new NumberExpression(parts.length(this.node));
  }
  contains(part: string | ExpressionOf<'string'>): BoolExpression {
    return new BoolExpression(parts.containsText(this.node, operandOf(part)));
  }
  startsWith(start: string | ExpressionOf<'string'>): BoolExpression {
    return new BoolExpression(parts.startsWith(this.node, operandOf(start)));
  }
  /** The part at `index` of the string split at `separator`: from 0, or, negative, from the end; null if there is none. */
  splitElement(separator: string, index: number): StringExpression {
    return new StringExpression(parts.splitElement(this.node, separator, index));
  }
  /** Whether the pattern (with flag u, whether written or not) matches somewhere in the string. */
  matches(pattern: RegExp | string): BoolExpression {
    return new BoolExpression(parts.regexMatch(this.node, pattern));
  }

  /** Null for text that is not such a number. */
  toInt(): NumberExpression<'int'> {
    return cast(this, { kind: 'int' }, NumberExpression<'int'>);
  }
  toInt64(): NumberExpression<'int64'> {
    return cast(this, { kind: 'int64' }, NumberExpression<'int64'>);
  }
  toFloat(): NumberExpression<'float'> {
    return cast(this, { kind: 'float' }, NumberExpression<'float'>);
  }
  toDecimal(scale: number): NumberExpression<'decimal'> {
    return cast(this, parts.decimalType(scale), NumberExpression<'decimal'>);
  }
  toBool(): BoolExpression {
    return cast(this, { kind: 'bool' }, BoolExpression);
  }
  toTimestamp(): TimestampExpression {
    return cast(this, { kind: 'timestamp' }, TimestampExpression);
  }
  /** The same text, no longer held to the values of a oneOf. */
  toText(): StringExpression {
    return new StringExpression(this.node);
  }
  /** A number from 0 to `buckets` − 1 by the value's hash. */
  hashBucket(buckets: number): NumberExpression<'int'> {
    return new NumberExpression(parts.hashBucket(this.node, buckets));
  }

  #listed<T>(other: T): T {
    checkListed(this.node, this.field?.oneOf, other);
    return other;
  }
}

export class BoolExpression extends ExpressionOf<'bool', boolean> {
  and(...others: readonly ExpressionOf<'bool'>[]): BoolExpression {
    return new BoolExpression(build.connective('and', [this.node, ...others.map(nodeOf)]));
  }
  or(...others: readonly ExpressionOf<'bool'>[]): BoolExpression {
    return new BoolExpression(build.connective('or', [this.node, ...others.map(nodeOf)]));
  }
  not(): BoolExpression {
    return new BoolExpression(build.not(this.node));
  }
  eq(other: boolean | ExpressionOf<'bool'>): BoolExpression {
    return compare('=', this, other);
  }
  ne(other: boolean | ExpressionOf<'bool'>): BoolExpression {
    return compare('!=', this, other);
  }
  coalesce(...others: readonly (boolean | ExpressionOf<'bool'>)[]): BoolExpression {
    return new BoolExpression(build.coalesce(this.node, others.map(operandOf)));
  }
  /** 1 for true, 0 for false. */
  toInt(): NumberExpression<'int'> {
    return cast(this, { kind: 'int' }, NumberExpression<'int'>);
  }
  toText(): StringExpression {
    return cast(this, { kind: 'string' }, StringExpression);
  }
}

/** Milliseconds since 1970, or a UTC time such as '2011-12-01' or '2011-12-01T08:26:00Z'. */
export type TimeOperand = number | string | ExpressionOf<'timestamp'>;

export class TimestampExpression extends ExpressionOf<'timestamp', number> {
  eq(other: TimeOperand): BoolExpression {
    return compare('=', this, other);
  }
  ne(other: TimeOperand): BoolExpression {
    return compare('!=', this, other);
  }
  lt(other: TimeOperand): BoolExpression {
    return compare('<', this, other);
  }
  le(other: TimeOperand): BoolExpression {
    return compare('<=', this, other);
  }
  gt(other: TimeOperand): BoolExpression {
    return compare('>', this, other);
  }
  ge(other: TimeOperand): BoolExpression {
    return compare('>=', this, other);
  }
  coalesce(...others: readonly TimeOperand[]): TimestampExpression {
    return new TimestampExpression(build.coalesce(this.node, others.map(operandOf)));
  }
  /** In UTC; dayOfWeek is 1 on Monday, 7 on Sunday. */
  part(part: DatePartName): NumberExpression<'int'> {
    return new NumberExpression(parts.datePart(this.node, part));
  }
  /** The beginning of the unit, in UTC; weeks begin on Monday. */
  truncate(unit: DateUnit): TimestampExpression {
    return new TimestampExpression(parts.dateTruncate(this.node, unit));
  }
  /** Milliseconds since 1970. */
  toInt(): NumberExpression<'int'> {
    return cast(this, { kind: 'int' }, NumberExpression<'int'>);
  }
  toText(): StringExpression {
    return cast(this, { kind: 'string' }, StringExpression);
  }
}

export class ListExpression<E extends ExpressionOf = ExpressionOf, X = External<E>> extends ExpressionOf<
  'list',
  X[]
> {
  declare readonly element: E;
  length(): NumberExpression<'int'> {
    return new NumberExpression(parts.length(this.node));
  }
  /** Lists of scalars only. */
  contains(item: External<E> | ExpressionOf<KindOf<E> & Kind>): BoolExpression {
    checkListed(this.node, this.field?.element?.oneOf, item);
    return new BoolExpression(parts.containsItem(this.node, operandOf(item)));
  }
}

export class StructExpression<
  F extends Record<string, ExpressionOf> = Record<string, ExpressionOf>,
> extends ExpressionOf<'struct', { -readonly [N in keyof F]: External<F[N]> | null }> {
  declare readonly fields: F;
  get<N extends keyof F & string>(name: N): F[N] {
    const field = this.field?.fields?.find(f => f.name === name);
    return wrap(parts.member(this.node, name), field) as ExpressionOf as F[N];
  }
}

/** `X`: what readers get for each key. */
export class MapExpression<X = unknown> extends ExpressionOf<'map', Record<string, X>> {}

/** The class that fits the node's type. */
export function wrap(node: Expression, field?: FieldShape): ExpressionOf {
  const { kind } = node.type;
  switch (kind) {
    case 'string':
      return new StringExpression(node, field);
    case 'bool':
      return new BoolExpression(node, field);
    case 'timestamp':
      return new TimestampExpression(node, field);
    case 'list':
      return new ListExpression(node, field);
    case 'struct':
      return new StructExpression(node, field);
    case 'map':
      return new MapExpression(node, field);
    default:
      return new NumberExpression<typeof kind>(node, field);
  }
}

/** The node of an expression; for what is none, a DefinitionError. */
export function nodeOf(value: unknown): Expression {
  if (value instanceof ExpressionOf) return value.node;
  throw new DefinitionError(`${show(value)} is no expression; use fields such as e.price, or literal(…)`);
}

export function operandOf(value: unknown): build.Operand {
  if (value instanceof ExpressionOf) return { node: value.node };
  if (value === undefined)
    throw new DefinitionError('an operand is undefined; is the field or feature misspelled?');
  return { constant: value };
}

function compare(
  operator: '=' | '!=' | '<' | '<=' | '>' | '>=',
  left: ExpressionOf,
  other: unknown,
): BoolExpression {
  if (other === null)
    throw new DefinitionError(
      `${build.label(left.node)}: nothing compares with null; use isNull() or isNotNull()`,
    );
  return new BoolExpression(build.comparison(operator, left.node, operandOf(other)));
}

function cast<E extends ExpressionOf>(
  from: ExpressionOf,
  type: ValueType,
  as: new (node: Expression) => E,
): E {
  return new as(build.castTo(from.node, type));
}

/** Refuses a constant that a oneOf never is. */
function checkListed(node: Expression, oneOf: FieldPlan['oneOf'], constant: unknown): void {
  if (!oneOf || typeof constant !== 'string') return;
  const values = [...oneOf.values, ...(typeof oneOf.unlisted === 'object' ? [oneOf.unlisted.as] : [])];
  if (!values.includes(constant))
    throw new DefinitionError(
      `${build.label(node)} is never ${show(constant)}; its values are ${values.map(show).join(', ')}`,
    );
}
