import type { DerivedPlan, Described, FieldPlan, ServicePlan } from '../kernel/plan.ts';
import { versionOf } from './compile-group.ts';
import { derivedPlans } from './derived.ts';
import { describedOf } from './described.ts';
import type { KeyFields } from './entity.ts';
import { DefinitionError, within } from './errors.ts';
import type { ExpressionOf } from './expression/expressions.ts';
import type { DerivedFeatures, FeatureRefs, FeatureTypes } from './feature-group.ts';
import { type FieldExpression, type FieldOf, fieldPlans, scope } from './field.ts';
import { deepFreeze } from './freeze.ts';
import { type FunctionTable, functionsIn } from './function.ts';
import { checkName, firstRepeated } from './names.ts';
import { checkOptions } from './options.ts';
import type { FeaturesOf, KeysOf, PartEntry, ServicePart } from './pick.ts';

declare const contextOf: unique symbol;

/** What a request brings along. */
export type Context = Readonly<Record<string, FieldOf>>;

/** A named vector of features that a model reads. */
export interface FeatureService<
  N extends string = string,
  K extends KeyFields = KeyFields,
  T extends FeatureTypes = FeatureTypes,
  C extends Context = Context,
> extends Pick<ServicePart<K, T>, keyof ServicePart<K, T> & symbol> {
  readonly [contextOf]: C;
  readonly name: N;
  readonly plan: ServicePlan;
  readonly functions: FunctionTable;
}
export type ContextOf<S> = S extends { readonly [contextOf]: infer C } ? C : never;

type Merged<U> = (U extends unknown ? (u: U) => void : never) extends (merged: infer M) => void ? M : never;
type Flat<T> = { [N in keyof T]: T[N] };
/** All keys of all parts. */
export type MergedKeys<P extends readonly ServicePart[]> =
  Flat<Merged<KeysOf<P[number]>>> extends infer K extends KeyFields ? K : never;
/** All features of all parts. */
export type MergedFeatures<P extends readonly ServicePart[]> =
  Flat<Merged<FeaturesOf<P[number]>>> extends infer T extends FeatureTypes ? T : never;

/** The parts as they are, or, for one with a name that an earlier one has too, what to do. */
export type CheckedParts<P extends readonly unknown[], Seen = never> = P extends readonly [
  infer Part,
  ...infer Rest,
]
  ? readonly [
      CheckedPart<Part, keyof FeaturesOf<Part> & Seen & string>,
      ...CheckedParts<Rest, Seen | keyof FeaturesOf<Part>>,
    ]
  : readonly [];
type CheckedPart<Part, Shared extends string> = [Shared] extends [never]
  ? Part
  : `Feature '${Shared}' is in an earlier part of the service too: give one of them a prefix('…')`;

export interface ServiceOptions<
  P extends readonly ServicePart[],
  C extends Context,
  D extends Readonly<Record<string, ExpressionOf>>,
> extends Described {
  /** From 1. */
  readonly version?: number;
  /** What a request brings along, for `onDemand`. */
  readonly context?: C;
  /** Computed for each request from the vector's features and the context. */
  readonly onDemand?: (
    f: FeatureRefs<MergedFeatures<P>>,
    context: { readonly [N in keyof C]: FieldExpression<C[N]> },
  ) => D;
}

/**
 * Defines a feature service: groups, or what was picked of them, in the vector's order.
 *
 * ```ts
 * featureService('ranking_v1', [userEngagement, itemPopularity.pick('ctr_24h').prefix('item_')]);
 * ```
 */
export function featureService<
  const N extends string,
  const P extends readonly [ServicePart, ...ServicePart[]],
  const C extends Context = Record<never, never>,
  const D extends Readonly<Record<string, ExpressionOf>> = Record<never, never>,
>(
  name: N,
  parts: P & CheckedParts<P>,
  options: ServiceOptions<P, C, D> = {},
): FeatureService<N, MergedKeys<P>, MergedFeatures<P> & DerivedFeatures<D>, C> {
  return within({ definition: `service ${name}` }, () => {
    checkName(name, 'a service');
    checkOptions(options, ['version', 'context', 'onDemand']);
    const features = vectorOf(parts);
    const context =
      options.context && Object.keys(options.context).length > 0
        ? fieldPlans(options.context, 'its context')
        : [];
    const onDemand = onDemandPlans(features, context, options.onDemand);
    const repeated = firstRepeated([...features, ...onDemand].map(feature => feature.name));
    if (repeated !== undefined)
      throw new DefinitionError(
        "several features have this name in the vector; give one part a prefix('…'), or rename",
        {
          feature: repeated,
        },
      );
    const plan: ServicePlan = {
      name,
      version: versionOf(options.version),
      features: features.map(({ name: vectorName, group, feature }) => ({
        name: vectorName,
        group,
        feature,
      })),
      context,
      onDemand,
      ...describedOf(options),
    };
    return Object.freeze({
      name,
      plan: deepFreeze(plan),
      functions: functionsIn(onDemand.map(d => d.expression)),
    }) as never;
  });
}

function vectorOf(parts: readonly ServicePart[]): (PartEntry & { readonly group: string })[] {
  if (!Array.isArray(parts) || parts.length === 0)
    throw new DefinitionError('it has no features; list groups, or picks of them');
  return parts.flatMap((part: ServicePart) => {
    if (!part?.entries) throw new DefinitionError('parts are groups, or what pick(…) and prefix(…) return');
    return part.entries.map(entry => ({ ...entry, group: part.group.name }));
  });
}

function onDemandPlans(
  features: readonly PartEntry[],
  context: readonly FieldPlan[],
  onDemand: ((f: never, context: never) => unknown) | undefined,
): DerivedPlan[] {
  if (!onDemand) return [];
  const names = { feature: new Set(features.map(f => f.name)), context: new Set(context.map(f => f.name)) };
  const f = scope('feature', features, 'the service') as never;
  const given = scope('context', context, 'the context') as never;
  return derivedPlans(
    onDemand(f, given),
    'onDemand',
    field => field.source !== 'event' && names[field.source].has(field.name),
  );
}
