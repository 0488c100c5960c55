import { isScalar } from '../../kernel/value-type.ts';
import { DefinitionError } from '../errors.ts';
import { checkName, firstRepeated } from '../names.ts';
import * as build from './build.ts';
import {
  BoolExpression,
  ExpressionOf,
  type External,
  type KindOf,
  type NumberExpression,
  type NumericKind,
  nodeOf,
  operandOf,
  type StringExpression,
  StructExpression,
  type Widest,
  wrap,
} from './expressions.ts';
import { literalByForm } from './literals.ts';

/** Three-valued: false if any is false, else null if any is null. */
export function and(...conditions: readonly ExpressionOf<'bool'>[]): BoolExpression {
  return new BoolExpression(build.connective('and', conditions.map(nodeOf)));
}

/** Three-valued: true if any is true, else null if any is null. */
export function or(...conditions: readonly ExpressionOf<'bool'>[]): BoolExpression {
  return new BoolExpression(build.connective('or', conditions.map(nodeOf)));
}

export function not(condition: ExpressionOf<'bool'>): BoolExpression {
  return new BoolExpression(build.not(nodeOf(condition)));
}

export type Constant = string | number | bigint | boolean;

/** The expression that a constant becomes. */
export type ExpressionFrom<C> = C extends ExpressionOf
  ? C
  : C extends string
    ? StringExpression<C>
    : C extends boolean
      ? BoolExpression
      : C extends bigint
        ? NumberExpression<'int64'>
        : C extends number
          ? NumberExpression<`${C}` extends `${string}.${string}` | `${string}e-${string}` ? 'float' : 'int'>
          : never;

/** A constant as an expression: a whole number is an int, another one a float, a bigint an int64. */
export function literal<const C extends Constant>(value: C): ExpressionFrom<C> {
  return wrap(literalByForm(value)) as ExpressionOf as ExpressionFrom<C>;
}

/** What may stand beside `A` as the other outcome. */
type Alternative<A> =
  A extends ExpressionOf<NumericKind>
    ? ExpressionOf<NumericKind> | ('int64' extends KindOf<A> ? bigint : number) | null
    : A extends ExpressionOf
      ?
          | A
          | ExpressionOf<KindOf<A>>
          | (KindOf<A> extends 'list' | 'struct' | 'map' ? never : Widened<External<A>>)
          | null
      : never;
type Widened<X> = X extends string ? string : X extends number ? number : X;
type Either<A, B> = [A] extends [ExpressionOf<infer K & NumericKind>]
  ? NumberExpression<
      Widest<
        | K
        | (B extends null
            ? never
            : B extends number
              ? K extends 'decimal'
                ? K
                : KindOf<ExpressionFrom<B>>
              : KindOf<ExpressionFrom<B>>)
      > &
        NumericKind
    >
  : [A, B] extends [StringExpression<infer V>, infer O]
    ? StringExpression<V | (O extends string ? O : O extends null ? never : External<O> & string)>
    : A;

/** `then` where the condition is true, `otherwise` where it is false or null. */
export function when<const A extends ExpressionOf | Constant, const B extends Alternative<ExpressionFrom<A>>>(
  condition: ExpressionOf<'bool'>,
  then: A,
  otherwise: B,
): Either<ExpressionFrom<A>, B> {
  const first = then instanceof ExpressionOf ? then.node : literalByForm(then);
  return wrap(build.conditional(nodeOf(condition), first, operandOf(otherwise))) as ExpressionOf as Either<
    ExpressionFrom<A>,
    B
  >;
}

/** A struct of these values, to be kept together: `lastK(record({ item: e.item, ms: e.watch_ms }), 20)`. */
export function record<const F extends Record<string, ExpressionOf>>(fields: F): StructExpression<F> {
  const entries = Object.entries(fields).map(([name, value]) => {
    checkName(name, 'a field of a record');
    return { name, value: nodeOf(value) };
  });
  if (entries.length === 0) throw new DefinitionError('record({…}) needs at least one field');
  const repeated = firstRepeated(entries.map(f => f.name));
  if (repeated !== undefined) throw new DefinitionError(`record({…}) has two fields named ${repeated}`);
  for (const { name, value } of entries)
    if (!isScalar(value.type) && value.type.kind === 'map')
      throw new DefinitionError(`record field ${name}: maps cannot be kept`);
  const type = { kind: 'struct', fields: entries.map(f => ({ name: f.name, type: f.value.type })) } as const;
  return new StructExpression(build.freezeNode({ kind: 'struct', type, fields: entries }));
}
