import type { Described, GroupPlan } from '../kernel/plan.ts';
import type {
  AggregationExpression,
  AggregationNeverNull,
  AggregationWindows,
  AnyAggregation,
} from './aggregation.ts';
import { type CompiledGroup, compileGroup } from './compile-group.ts';
import type { Entity, KeyField, KeyFields } from './entity.ts';
import { within } from './errors.ts';
import type { ExpressionOf, External, KindOf } from './expression/expressions.ts';
import type { FieldExpression } from './field.ts';
import { type Pick, pickOf, type ServicePart } from './pick.ts';
import type { EventFields, FieldNames, Schema, Stream } from './stream.ts';

/** A feature to TypeScript: the expression that reads it, and its value as readers get it. */
export interface FeatureType<E extends ExpressionOf = ExpressionOf, V = unknown> {
  readonly expression: E;
  readonly value: V;
}
export type FeatureTypes = Readonly<Record<string, FeatureType>>;

type FeatureName<N extends string, W extends string> = W extends '' ? N : `${N}_${W}`;
type TypeOfAggregation<A extends AnyAggregation> = FeatureType<
  AggregationExpression<A>,
  AggregationNeverNull<A> extends true
    ? External<AggregationExpression<A>>
    : External<AggregationExpression<A>> | null
>;
/** The features that aggregations become: one for each window, named with it. */
export type AggregatedFeatures<F extends Readonly<Record<string, AnyAggregation>>> = {
  [N in keyof F & string as FeatureName<N, AggregationWindows<F[N]>>]: TypeOfAggregation<F[N]>;
};
/** Features computed when they are read may always be null. */
export type DerivedFeatures<D extends Readonly<Record<string, ExpressionOf>>> = {
  [N in keyof D & string]: FeatureType<D[N], External<D[N]> | null>;
};
/** Features as expressions. */
export type FeatureRefs<T extends FeatureTypes> = { readonly [N in keyof T]: T[N]['expression'] };

/** The kinds of stream fields that can be an entity's key of this kind. */
type NamesFor<K extends KeyField, S extends Schema> = FieldNames<S, KindOf<FieldExpression<K>>>;
type Unmatched<K extends KeyFields, S extends Schema> = {
  [P in keyof K & string]: P extends NamesFor<K[P], S> ? never : P;
}[keyof K & string];
/** Entity keys that no field of the stream is named after must be told their field. */
type KeysOption<K extends KeyFields, S extends Schema> = [Unmatched<K, S>] extends [never]
  ? { readonly keys?: { readonly [P in keyof K]?: NamesFor<K[P], S> } }
  : {
      readonly keys: { readonly [P in Unmatched<K, S>]: NamesFor<K[P], S> } & {
        readonly [P in Exclude<keyof K, Unmatched<K, S>>]?: NamesFor<K[P], S>;
      };
    };

export interface GroupOptions<
  K extends KeyFields,
  S extends Schema,
  F extends Readonly<Record<string, AnyAggregation>>,
  D extends Readonly<Record<string, ExpressionOf>>,
  From extends Stream<string, S> = Stream<string, S>,
> extends Described {
  /** From 1. A change of what features mean needs the next one. */
  readonly version?: number;
  readonly entity: Entity<string, K>;
  readonly from: From & Stream<string, S>;
  /** Only events for which it is true feed any feature of the group. */
  readonly where?: (e: EventFields<S>) => ExpressionOf<'bool'>;
  readonly features: (e: EventFields<S>) => F;
  /** Computed from the group's features when they are read. */
  readonly derived?: (f: FeatureRefs<AggregatedFeatures<F>>) => D;
}

/** A set of features on one entity from one stream. */
export interface FeatureGroup<
  N extends string = string,
  K extends KeyFields = KeyFields,
  T extends FeatureTypes = FeatureTypes,
  From extends Stream = Stream,
> extends ServicePart<K, T> {
  readonly name: N;
  readonly entity: Entity<string, K>;
  readonly stream: From;
  readonly plan: GroupPlan;
  readonly functions: CompiledGroup['functions'];
  /** Some of its features, for a service. */
  pick<const P extends readonly (keyof T & string)[]>(...names: P): Pick<K, { [M in P[number]]: T[M] }>;
  /** All of its features, each with this before its name, for a service. */
  prefix<const P extends string>(prefix: P): Pick<K, { [M in keyof T & string as `${P}${M}`]: T[M] }>;
}

/**
 * Defines a feature group.
 *
 * ```ts
 * featureGroup('user_engagement', {
 *   entity: user,
 *   from: interactions,
 *   features: e => ({ clicks: count().where(e.action.eq('click')).over('1h', '24h') }),
 *   derived: f => ({ clicks_trend: f.clicks_1h.div(f.clicks_24h) }),
 * });
 * ```
 *
 * Throws a DefinitionError for what TypeScript could not refuse.
 */
export function featureGroup<
  const N extends string,
  const K extends KeyFields,
  const S extends Schema,
  const F extends Readonly<Record<string, AnyAggregation>>,
  const D extends Readonly<Record<string, ExpressionOf>> = Record<never, never>,
  From extends Stream<string, S> = Stream<string, S>,
>(
  name: N,
  options: GroupOptions<K, S, F, D, From> & KeysOption<K, S>,
): FeatureGroup<N, K, AggregatedFeatures<F> & DerivedFeatures<D>, From> {
  return within({ definition: `group ${name}` }, () => {
    const { plan, functions } = compileGroup(name, options);
    const all = [...plan.features, ...plan.derived].map(f => ({
      name: f.name,
      feature: f.name,
      type: f.type,
    }));
    const part = pickOf<K, AggregatedFeatures<F> & DerivedFeatures<D>>(plan, all);
    return Object.freeze({
      ...part,
      name,
      entity: options.entity,
      stream: options.from as From,
      plan,
      functions,
    });
  });
}
