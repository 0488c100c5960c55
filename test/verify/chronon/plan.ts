import type { Expression } from '../../../lib/kernel/expression/nodes.ts';
import type {
  FeaturePlan,
  FieldPlan,
  Finalizer,
  GroupPlan,
  Plan,
  SlotOptions,
  SlotPlan,
  Window,
} from '../../../lib/kernel/plan.ts';
import { currentSemantics } from '../../../lib/kernel/semantics.ts';
import type { ValueType } from '../../../lib/kernel/value-type.ts';
import type { Aggregation, Operation, Spec, SpecColumn } from './spec.ts';

/** More than any key of the log has values, so that sets and histograms are exact. */
const unbounded = 16_384;

interface Counterpart {
  readonly aggregator: SlotPlan['aggregator'];
  readonly finalizer: Finalizer;
  readonly type: (input: ValueType) => ValueType;
  readonly options?: (k: number) => SlotOptions;
}

const int: ValueType = { kind: 'int' };
const float: ValueType = { kind: 'float' };
const same = (input: ValueType): ValueType => input;
const listOf = (of: ValueType): ValueType => ({ kind: 'list', of });

/** Chronon's operations in the Plan's words. */
const counterparts: Record<Operation, Counterpart> = {
  COUNT: { aggregator: 'count', finalizer: 'value', type: () => int },
  SUM: { aggregator: 'sum', finalizer: 'value', type: same },
  AVERAGE: { aggregator: 'sum', finalizer: 'avg', type: () => float },
  MIN: { aggregator: 'min', finalizer: 'value', type: same },
  MAX: { aggregator: 'max', finalizer: 'value', type: same },
  VARIANCE: { aggregator: 'moments', finalizer: 'variance', type: () => float },
  FIRST: { aggregator: 'first', finalizer: 'value', type: same },
  LAST: { aggregator: 'last', finalizer: 'value', type: same },
  FIRST_K: { aggregator: 'firstK', finalizer: 'value', type: listOf, options: k => ({ k }) },
  LAST_K: { aggregator: 'lastK', finalizer: 'value', type: listOf, options: k => ({ k }) },
  TOP_K: { aggregator: 'topK', finalizer: 'value', type: listOf, options: k => ({ k }) },
  BOTTOM_K: { aggregator: 'bottomK', finalizer: 'value', type: listOf, options: k => ({ k }) },
  UNIQUE_COUNT: {
    aggregator: 'distinct',
    finalizer: 'size',
    type: () => int,
    options: () => ({ limit: unbounded }),
  },
  APPROX_UNIQUE_COUNT: {
    aggregator: 'approxDistinct',
    finalizer: 'size',
    type: () => int,
    options: () => ({ precision: 12 }),
  },
  HISTOGRAM: {
    aggregator: 'histogram',
    finalizer: 'top',
    type: key => ({ kind: 'map', key, value: int }),
    options: () => ({ limit: unbounded }),
  },
};

/**
 * The spec as a Plan, written by hand as JSON: no builder of lib/define takes part, so that the kernel is held to
 * Chronon's values on its own. Slots stand one to an aggregation; features in the order of the spec's positions.
 */
export function planOf(spec: Spec): { plan: Plan; group: GroupPlan } {
  const windows: Window[] = [...spec.windowMs, ...(spec.lifetime ? (['lifetime'] as const) : [])];
  const slots: SlotPlan[] = [];
  const features: FeaturePlan[] = [];
  for (const aggregation of spec.aggregations) {
    const column = spec.columns.find(c => c.name === aggregation.column);
    if (!column) throw new Error(`spec ${spec.entity}: aggregation ${aggregation.id} names no column`);
    const counterpart = counterparts[aggregation.operation];
    const input = inputOf(column);
    slots.push({
      aggregator: counterpart.aggregator,
      input,
      ...(counterpart.options ? { options: counterpart.options(aggregation.k ?? 0) } : {}),
      windows,
    });
    for (const window of windows) {
      features.push(
        featureOf(aggregation, counterpart, input.type, slots.length - 1, window, features.length),
      );
    }
  }
  const group: GroupPlan = {
    name: spec.entity,
    version: 1,
    entity: spec.entity,
    stream: 'events',
    keys: ['key'],
    slots,
    features,
    derived: [],
    fingerprint: `chronon-${spec.entity}`,
  };
  const plan: Plan = {
    format: 1,
    semantics: currentSemantics,
    hash: '',
    entities: [{ name: spec.entity, keys: [{ name: 'key', type: { kind: 'string' } }] }],
    streams: [
      {
        name: 'events',
        schema: [
          { name: 'key', type: { kind: 'string' } },
          { name: 'ts', type: { kind: 'timestamp' } },
          ...spec.columns.map(
            (column): FieldPlan => ({ name: column.name, type: typeOf(column), nullable: true }),
          ),
        ],
        eventTime: 'ts',
        key: ['key'],
        // Some of the edge cases lie before 1970.
        since: Date.UTC(1960, 0, 1),
      },
    ],
    groups: [group],
    services: [],
  };
  return { plan, group };
}

const featureOf = (
  aggregation: Aggregation,
  counterpart: Counterpart,
  input: ValueType,
  slot: number,
  window: Window,
  position: number,
): FeaturePlan => ({
  name: `v${position}`,
  type: counterpart.type(input),
  slot,
  window,
  finalizer: counterpart.finalizer,
  ...(aggregation.operation === 'HISTOGRAM' ? { options: { top: aggregation.k ?? 0 } } : {}),
});

function inputOf(column: SpecColumn): Expression {
  const type = typeOf(column);
  const field: Expression = { kind: 'field', type, source: 'event', name: column.name };
  if (column.when !== 'negative') return field;
  return {
    kind: 'if',
    type,
    condition: {
      kind: 'comparison',
      type: { kind: 'bool' },
      operator: '<',
      left: field,
      right: { kind: 'literal', type, value: 0 },
    },
    // biome-ignore lint/suspicious/noThenProperty: the Plan's word for it
    then: field,
    otherwise: { kind: 'literal', type, value: null },
  };
}

function typeOf(column: SpecColumn): ValueType {
  switch (column.type) {
    case 'long':
    case 'int':
      return { kind: 'int' };
    case 'double':
    case 'float':
      return { kind: 'float' };
    case 'string':
      return { kind: 'string' };
  }
}
