import type { Expression } from '../kernel/expression/nodes.ts';
import type { Described, FieldPlan } from '../kernel/plan.ts';
import type { ValueType } from '../kernel/value-type.ts';
import { describedOf } from './described.ts';
import { DefinitionError } from './errors.ts';
import {
  type BoolExpression,
  type ExpressionOf,
  type External,
  type FieldShape,
  type ListExpression,
  type NumberExpression,
  type StringExpression,
  type StructExpression,
  type TimestampExpression,
  wrap,
} from './expression/expressions.ts';
import { show } from './expression/literals.ts';
import { decimalType } from './expression/parts.ts';
import { deepFreeze } from './freeze.ts';
import { checkName, firstRepeated } from './names.ts';

declare const expressionOf: unique symbol;
declare const requiredOf: unique symbol;
declare const givenOf: unique symbol;

/**
 * What is known of a field of any type. `R`: it is in every event and never null. `G`: what its producer may give, with
 * null where it may be null and undefined where it may be missing.
 */
export interface FieldOf<E extends ExpressionOf = ExpressionOf, R extends boolean = boolean, G = unknown> {
  readonly [expressionOf]: E;
  readonly [requiredOf]: R;
  readonly [givenOf]: G;
  readonly plan: Omit<FieldPlan, 'name'>;
}

/** The expression that reads the field. */
export type FieldExpression<F> = F extends { readonly [expressionOf]: infer E extends ExpressionOf }
  ? E
  : never;
/** A field's value in external form. */
export type FieldValue<F> =
  F extends FieldOf<infer E, infer R> ? (R extends true ? External<E> : External<E> | null) : never;

/** What a producer may give for a field. */
export type Given<F> = F extends { readonly [givenOf]: infer G } ? G : never;
/** An object with these fields as a producer may give it: those that may be missing can be left out. */
export type GivenFields<F> = {
  readonly [N in keyof F as undefined extends Given<F[N]> ? never : N]: Given<F[N]>;
} & { readonly [N in keyof F as undefined extends Given<F[N]> ? N : never]?: Given<F[N]> };

/** A field of an event, of an entity's key or of a request's context. */
export class Field<E extends ExpressionOf, R extends boolean = true, G = External<E>>
  implements FieldOf<E, R, G>
{
  declare readonly [expressionOf]: E;
  declare readonly [requiredOf]: R;
  declare readonly [givenOf]: G;
  readonly plan: Omit<FieldPlan, 'name'>;

  constructor(plan: Omit<FieldPlan, 'name'>) {
    this.plan = deepFreeze(plan);
  }

  /** It may be missing; it is null then. */
  optional(): Field<E, false, G | undefined> {
    return new Field({ ...this.plan, optional: true });
  }
  /** It may be null. */
  nullable(): Field<E, false, G | null> {
    return new Field({ ...this.plan, nullable: true });
  }
  describe(description: string): this {
    return this.#with({ description });
  }
  /** Tags besides those it has, such as 'pii' for personal data. */
  tag(...tags: readonly string[]): this {
    return this.#with({ tags: [...(this.plan.tags ?? []), ...tags] });
  }
  owner(owner: string): this {
    return this.#with({ owner });
  }

  #with(more: Described): this {
    const plan = { ...this.plan, ...describedOf({ ...this.plan, ...more }) };
    return new (this.constructor as new (from: typeof plan) => this)(plan);
  }
}

export class OneOfField<V extends string, R extends boolean = true, G = V> extends Field<
  StringExpression<V>,
  R,
  G
> {
  override optional(): OneOfField<V, false, G | undefined> {
    return new OneOfField({ ...this.plan, optional: true });
  }
  override nullable(): OneOfField<V, false, G | null> {
    return new OneOfField({ ...this.plan, nullable: true });
  }
  /**
   * What becomes of an event whose value is not listed: it is quarantined ('reject', what happens unless told
   * otherwise), or the value is read as null, or as another value.
   */
  unlisted(as: 'reject'): OneOfField<V, R, G>;
  unlisted(as: 'null'): OneOfField<V, false, G | string>;
  unlisted<const A extends string>(as: { readonly as: A }): OneOfField<V | A, R, G | string>;
  unlisted(as: 'reject' | 'null' | { readonly as: string }): OneOfField<string, boolean, unknown> {
    const known = as === 'reject' || as === 'null' || (typeof as?.as === 'string' && as.as.isWellFormed());
    if (!known)
      throw new DefinitionError(`unlisted takes 'reject', 'null' or { as: 'a value' }; got ${show(as)}`);
    const oneOf = {
      values: this.plan.oneOf?.values ?? [],
      unlisted: typeof as === 'string' ? as : { as: as.as },
    };
    return new OneOfField({ ...this.plan, oneOf });
  }
}

/** Well-formed text of at most 65,536 characters. */
export const string = (): Field<StringExpression> => new Field({ type: { kind: 'string' } });
/** True or false; 0 and 1 are neither. */
export const bool = (): Field<BoolExpression> => new Field({ type: { kind: 'bool' } });
/** A whole number up to ±2^53. */
export const int = (): Field<NumberExpression<'int'>> => new Field({ type: { kind: 'int' } });
/** A whole number of 64 bits, a bigint in JavaScript: for ids that numbers would round. */
export const int64 = (): Field<NumberExpression<'int64'>, true, bigint | string> =>
  new Field({ type: { kind: 'int64' } });
/** A finite double; −0 is read as 0. */
export const float = (): Field<NumberExpression<'float'>> => new Field({ type: { kind: 'float' } });
/** Milliseconds since 1970, UTC. */
export const timestamp = (): Field<TimestampExpression, true, Date | number | string> =>
  new Field({ type: { kind: 'timestamp' } });

/** A number with `scale` digits after the point, 0 to 15, that sums exactly: money. */
export const decimal = (scale: number): Field<NumberExpression<'decimal'>, true, number | string> =>
  new Field({ type: decimalType(scale) });

/** A string of a known list: comparing it with any other does not compile. */
export function oneOf<const V extends readonly [string, ...string[]]>(...values: V): OneOfField<V[number]> {
  const odd = values.find(value => typeof value !== 'string' || !value.isWellFormed());
  if (values.length === 0 || odd !== undefined)
    throw new DefinitionError(
      odd === undefined ? 'oneOf(…) needs at least one value' : `oneOf(…) takes strings; got ${show(odd)}`,
    );
  const repeated = values.find((value, i) => values.indexOf(value) < i);
  if (repeated !== undefined) throw new DefinitionError(`oneOf(…) lists ${show(repeated)} twice`);
  return new OneOfField({ type: { kind: 'string' }, oneOf: { values, unlisted: 'reject' } });
}

/** A list whose elements are all of one type. */
export function list<E extends ExpressionOf, R extends boolean, G>(
  element: FieldOf<E, R, G>,
): Field<
  ListExpression<E, R extends true ? External<E> : External<E> | null>,
  true,
  readonly Exclude<G, undefined>[]
> {
  const plan = fieldPlan('element', element);
  return new Field({ type: { kind: 'list', of: plan.type }, element: plan });
}

/** An object within the event. */
export function struct<const F extends Record<string, FieldOf>>(
  fields: F,
): Field<StructExpression<{ [N in keyof F]: FieldExpression<F[N]> }>, true, GivenFields<F>> {
  const plans = fieldPlans(fields, 'struct');
  return new Field({
    type: { kind: 'struct', fields: plans.map(({ name, type }) => ({ name, type })) },
    fields: plans,
  });
}

/** The fields with their names, checked. `of` says whose they are, for messages. */
export function fieldPlans(fields: Record<string, FieldOf>, of: string): readonly FieldPlan[] {
  if (typeof fields !== 'object' || fields === null)
    throw new DefinitionError(`${of}: fields are an object of names and types`);
  const names = Object.keys(fields);
  if (names.length === 0) throw new DefinitionError(`${of} has no fields; give it at least one`);
  const repeated = firstRepeated(names);
  if (repeated !== undefined)
    throw new DefinitionError(
      `two fields of ${of} are named ${repeated} but for upper and lower case; rename one`,
    );
  return names.map(name => {
    checkName(name, 'a field');
    return fieldPlan(name, fields[name]);
  });
}

export function fieldPlan(name: string, field: unknown): FieldPlan {
  if (!(field instanceof Field))
    throw new DefinitionError(`field ${name} is ${show(field)}; write a type such as string() or int()`);
  return deepFreeze({ name, ...field.plan });
}

/**
 * The names in scope of a callback, each an expression. Reading a name that is not there is an error, not undefined.
 */
export function scope(
  source: 'event' | 'feature' | 'context',
  fields: readonly (FieldShape & { readonly name: string; readonly type: ValueType })[],
  owner: string,
): Record<string, ExpressionOf> {
  const known = new Map(
    fields.map(field => {
      const node: Expression = deepFreeze({ kind: 'field', type: field.type, source, name: field.name });
      return [field.name, wrap(node, field)];
    }),
  );
  const what = source === 'feature' ? 'feature' : 'field';
  return new Proxy(Object.fromEntries(known), {
    get(_, name) {
      if (typeof name === 'symbol') return undefined;
      const found = known.get(name);
      if (found) return found;
      throw new DefinitionError(
        `${owner} has no ${what} ${show(name)}; it has ${[...known.keys()].join(', ')}`,
      );
    },
  });
}
