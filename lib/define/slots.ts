import type { Expression } from '../kernel/expression/nodes.ts';
import type { FeaturePlan, SlotPlan, StreamPlan } from '../kernel/plan.ts';
import { formatType, sameType, type ValueType } from '../kernel/value-type.ts';
import { Aggregation, type AggregationSpec } from './aggregation.ts';
import { canonicalJson } from './canonical-json.ts';
import { describedOf } from './described.ts';
import { DefinitionError, within } from './errors.ts';
import { connective, label } from './expression/build.ts';
import { ExpressionOf } from './expression/expressions.ts';
import { literalOf, show } from './expression/literals.ts';
import { walk } from './expression/walk.ts';
import { checkName } from './names.ts';
import { parseWindow, sortedWindows } from './windows.ts';

/**
 * The features that aggregations become, and the slots they share: one for each different aggregation, in order of
 * first appearance.
 */
export function aggregated(
  entries: readonly (readonly [string, unknown])[],
  groupWhere: Expression | undefined,
  stream: StreamPlan,
): { readonly slots: SlotPlan[]; readonly features: FeaturePlan[] } {
  const slots = new Map<
    string,
    { index: number; slot: Omit<SlotPlan, 'windows'>; windows: FeaturePlan['window'][] }
  >();
  const features: FeaturePlan[] = [];
  for (const [name, aggregation] of entries) {
    within({ feature: name }, () => {
      checkName(name, 'a feature');
      if (!(aggregation instanceof Aggregation))
        throw new DefinitionError(
          aggregation instanceof ExpressionOf
            ? `${label(aggregation.node)} is a value of one event; aggregate it, such as last(…), or put it into derived`
            : `${show(aggregation)} is no aggregation; write count(), sum(…) or another aggregator`,
        );
      const { spec } = aggregation;
      const slot = slotOf(spec, groupWhere);
      for (const expression of slotExpressions({ ...slot, windows: [] }))
        checkEventFields(expression, stream);
      const key = canonicalJson(slot);
      const shared = slots.get(key) ?? { index: slots.size, slot, windows: [] };
      slots.set(key, shared);
      for (const feature of featuresOf(name, spec, shared.index)) {
        checkName(feature.name, 'a feature');
        shared.windows.push(feature.window);
        features.push(feature);
      }
    });
  }
  if (features.length === 0) throw new DefinitionError('features has none; a group needs at least one');
  return {
    slots: [...slots.values()].map(({ slot, windows }) => ({ ...slot, windows: sortedWindows(windows) })),
    features,
  };
}

function slotOf(spec: AggregationSpec, groupWhere: Expression | undefined): Omit<SlotPlan, 'windows'> {
  const conditions = [groupWhere, spec.where].filter(c => c !== undefined);
  if (spec.by && !(Number.isInteger(spec.by.limit) && spec.by.limit >= 1 && spec.by.limit <= 65_536))
    throw new DefinitionError(`by(…): limit is a whole number from 1 to 65536; got ${show(spec.by.limit)}`);
  const keyKind = spec.by?.key.type.kind;
  if (keyKind !== undefined && !['string', 'int', 'int64', 'bool'].includes(keyKind))
    throw new DefinitionError(`by(…) takes a string, an int, an int64 or a bool, not a ${keyKind}`);
  const options = named(spec, () => spec.slotOptions?.());
  return {
    aggregator: spec.aggregator,
    ...(spec.input ? { input: spec.input } : {}),
    ...(spec.orderBy ? { orderBy: spec.orderBy } : {}),
    ...(conditions.length > 0 ? { where: connective('and', conditions) } : {}),
    ...(spec.by ? { by: spec.by } : {}),
    ...(options ? { options } : {}),
  };
}

function featuresOf(name: string, spec: AggregationSpec, slot: number): FeaturePlan[] {
  const valueType = named(spec, spec.typeOf);
  const type: ValueType = spec.by ? { kind: 'map', key: spec.by.key.type, value: valueType } : valueType;
  const options = named(spec, () => spec.options?.());
  const given = spec.default === undefined ? undefined : defaultOf(spec, type);
  const windows = spec.windows.map(parseWindow);
  if (new Set(windows).size < windows.length) throw new DefinitionError('over(…) names one window twice');
  const feature = (featureName: string, window: FeaturePlan['window']): FeaturePlan => ({
    name: featureName,
    type,
    slot,
    window,
    finalizer: spec.finalizer,
    ...(options ? { options } : {}),
    ...(given === undefined ? {} : { default: given }),
    ...describedOf(spec),
  });
  if (windows.length === 0) return [feature(name, 'lifetime')];
  return windows.map((window, i) => feature(`${name}_${spec.windows[i]}`, window));
}

/** In external form, but for int64, which JSON can only hold as text. */
function defaultOf(spec: AggregationSpec, type: ValueType): string | number | boolean {
  if (spec.neverNull)
    throw new DefinitionError(
      'default(…) has no use: without events this is 0 or empty, never null; leave it out',
    );
  if (type.kind === 'list' || type.kind === 'struct' || type.kind === 'map')
    throw new DefinitionError(`a ${formatType(type)} has no default; leave it out`);
  const { value } = literalOf(spec.default, type);
  // Literals scale decimals; a default is what readers see.
  return type.kind === 'decimal' ? (spec.default as number) + 0 : (value as string | number | boolean);
}

/** Errors about an aggregator's own arguments begin with its name. */
function named<T>(spec: AggregationSpec, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error;
    throw new DefinitionError(`${spec.calledAs}(…): ${error.detail}`, {}, { cause: error });
  }
}

/** Only fields of this very stream: an expression kept from another callback may know others. */
function checkEventFields(expression: Expression, stream: StreamPlan): void {
  for (const node of walk(expression)) {
    if (node.kind !== 'field') continue;
    const field = stream.schema.find(candidate => candidate.name === node.name);
    if (node.source !== 'event' || !field || !(node.path || sameType(field.type, node.type)))
      throw new DefinitionError(
        `it reads ${label(node)}, which is no field of stream ${stream.name}; use the callback's own argument`,
      );
  }
}

/** All expressions that are evaluated on an event for the slot. */
export const slotExpressions = (slot: SlotPlan): Expression[] =>
  [slot.input, slot.orderBy, slot.where, slot.by?.key].filter(expression => expression !== undefined);
