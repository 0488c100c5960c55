import type { Expression } from '../kernel/expression/nodes.ts';
import type { AggregatorKind, Described, FeaturePlan, Finalizer, SlotOptions } from '../kernel/plan.ts';
import type { ValueType } from '../kernel/value-type.ts';
import { describedOf } from './described.ts';
import { DefinitionError } from './errors.ts';
import { connective } from './expression/build.ts';
import { type ExpressionOf, type External, type MapExpression, nodeOf } from './expression/expressions.ts';
import type { CheckedWindows } from './windows.ts';

declare const aggregationOf: unique symbol;

/** What an aggregation says, before it has a name. Checked when its group is compiled, so that errors can name the feature. */
export interface AggregationSpec extends Described {
  readonly aggregator: AggregatorKind;
  readonly finalizer: Finalizer;
  /** The name under which people know it: avg, not sum. */
  readonly calledAs: string;
  readonly input?: Expression;
  readonly orderBy?: Expression;
  readonly where?: Expression;
  readonly by?: { readonly key: Expression; readonly limit: number };
  /** Checked and computed when the group is compiled; they throw DefinitionErrors. */
  readonly slotOptions?: () => SlotOptions;
  readonly options?: () => NonNullable<FeaturePlan['options']>;
  /** As written; none means lifetime under the bare name. */
  readonly windows: readonly string[];
  readonly default?: unknown;
  /** The type of the value without `by`, from the input's; throws a DefinitionError where that will not do. */
  readonly typeOf: () => ValueType;
  /** With no events it is 0 or empty, not null (DESIGN, rule 7). */
  readonly neverNull: boolean;
}

/**
 * What is known of any aggregation: the expression that reads its value, the windows it names ('' for none), and
 * whether its value is never null.
 */
export interface AnyAggregation {
  readonly [aggregationOf]: {
    readonly expression: ExpressionOf;
    readonly windows: string;
    readonly neverNull: boolean;
  };
  readonly spec: AggregationSpec;
}
export type AggregationExpression<A extends AnyAggregation> = A[typeof aggregationOf]['expression'];
export type AggregationWindows<A extends AnyAggregation> = A[typeof aggregationOf]['windows'];
export type AggregationNeverNull<A extends AnyAggregation> = A[typeof aggregationOf]['neverNull'];

/** A feature in the making: an aggregator over the events of an entity. Every method answers a new one. */
export class Aggregation<E extends ExpressionOf, W extends string = '', N extends boolean = false>
  implements AnyAggregation
{
  declare readonly [aggregationOf]: { readonly expression: E; readonly windows: W; readonly neverNull: N };
  readonly spec: AggregationSpec;

  constructor(spec: AggregationSpec) {
    this.spec = spec;
  }

  /** Counts only events for which the condition is true; a further one narrows it. */
  where(condition: ExpressionOf<'bool'>): Aggregation<E, W, N> {
    const { where } = this.spec;
    const node = nodeOf(condition);
    return this.#with({ where: where ? connective('and', [where, node]) : connective('and', [node]) });
  }

  /**
   * One value for each value of `key`: a map, without keys whose value would be null. The keys kept are those of the
   * `limit` smallest hashes, with complete values; more are flagged.
   */
  by(
    key: ExpressionOf<'string' | 'int' | 'int64' | 'bool'>,
    options: { readonly limit?: number } = {},
  ): Aggregation<MapExpression<External<E>>, W, true> {
    return this.#with({ by: { key: nodeOf(key), limit: options.limit ?? 64 }, neverNull: true });
  }

  /** The windows it is wanted over; each becomes a feature, `clicks` over '1h' is `clicks_1h`. Without: lifetime, `clicks`. */
  over<const V extends readonly [string, ...string[]]>(
    ...windows: CheckedWindows<V>
  ): Aggregation<E, V[number], N> {
    return this.#with({ windows: windows as readonly string[] });
  }

  /** The value instead of null, where no event counts. */
  default(
    value: N extends true ? 'Never null: without events it is 0 or empty' : DefaultOf<E>,
  ): Aggregation<E, W, true> {
    if (value === undefined || value === null)
      throw new DefinitionError(
        'default(…) takes the value instead of null; leave it out where null is meant',
      );
    return this.#with({ default: value });
  }

  describe(description: string): Aggregation<E, W, N> {
    return this.#with({ ...describedOf({ description }) });
  }
  /** Tags besides those it has, such as 'pii'. */
  tag(...tags: readonly string[]): Aggregation<E, W, N> {
    return this.#with(describedOf({ tags: [...(this.spec.tags ?? []), ...tags] }));
  }
  owner(owner: string): Aggregation<E, W, N> {
    return this.#with(describedOf({ owner }));
  }

  #with<F extends ExpressionOf, V extends string, M extends boolean>(
    more: Partial<AggregationSpec>,
  ): Aggregation<F, V, M> {
    return new Aggregation({ ...this.spec, ...more });
  }
}

type DefaultOf<E> =
  External<E> extends string | number | bigint | boolean
    ? External<E>
    : 'Lists, structs and maps have no default';
