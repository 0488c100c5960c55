import type { Expression } from './expression/nodes.ts';
import type { ValueType } from './value-type.ts';

/**
 * The Plan: what definitions compile to, and all that the rest of the platform knows of them. Plain JSON,
 * deterministic (no dates, no machine's names), identified by the hash of its content.
 */
export interface Plan {
  readonly format: 1;
  /** Numbers of the semantics flags (semantics.ts) that this Plan's values follow, ascending. */
  readonly semantics: readonly number[];
  /** SHA-256, hex, of the Plan's canonical JSON without this field. */
  readonly hash: string;
  readonly entities: readonly EntityPlan[];
  readonly streams: readonly StreamPlan[];
  readonly groups: readonly GroupPlan[];
  readonly services: readonly ServicePlan[];
}

/** What people say of a definition. None of it changes a value. */
export interface Described {
  readonly description?: string;
  readonly owner?: string;
  readonly tags?: readonly string[];
}

export interface EntityPlan extends Described {
  readonly name: string;
  /** One key, or several for a composite one. Types: string, int, int64. */
  readonly keys: readonly { readonly name: string; readonly type: ValueType }[];
}

/** How a field's values look in an event, before they are values of `type`. */
export interface FieldPlan extends Described {
  readonly name: string;
  readonly type: ValueType;
  /** May be missing from an event; it is null then. */
  readonly optional?: true;
  /** May be null in an event. */
  readonly nullable?: true;
  /** The listed values of a oneOf; `type` is string. `unlisted`: reject the event, read null, or read this value. */
  readonly oneOf?: {
    readonly values: readonly string[];
    readonly unlisted: 'reject' | 'null' | { readonly as: string };
  };
  /** The element of a list; `type` is list. */
  readonly element?: FieldPlan;
  /** The fields of a struct; `type` is struct. */
  readonly fields?: readonly FieldPlan[];
}

export interface StreamPlan extends Described {
  readonly name: string;
  readonly schema: readonly FieldPlan[];
  /** The timestamp field that says when the event happened. */
  readonly eventTime: string;
  /** The fields by which events are spread over shards; an event without one is bad. */
  readonly key: readonly string[];
  /** Copies under one id and key within `withinMs` of arrival count once. */
  readonly dedupe?: { readonly by: string; readonly withinMs: number };
  /** Epoch ms; events before it are bad. */
  readonly since: number;
  /**
   * With dedupe: the group whose rows remember which ids of their key were counted. Without, rows of their own do, for
   * no group sits on the stream's key.
   */
  readonly home?: string;
}

/** A window's length in ms, or all of time. */
export type Window = number | 'lifetime';

export const aggregators = [
  'count',
  'sum',
  'moments',
  'min',
  'max',
  'first',
  'last',
  'firstK',
  'lastK',
  'topK',
  'bottomK',
  'distinct',
  'approxDistinct',
  'quantile',
  'histogram',
  'heavyHitters',
  'decayed',
] as const;
/** The kinds of partial aggregate that a row holds; several features may be read from one. */
export type AggregatorKind = (typeof aggregators)[number];

/**
 * One partial aggregate that a group keeps for each entity. A group version's slots never change: state bytes
 * refer to them by position.
 */
export interface SlotPlan {
  readonly aggregator: AggregatorKind;
  /** What is aggregated; nulls are skipped. A count without input counts events. */
  readonly input?: Expression;
  /** topK, bottomK: what they rank by, where that is not the input itself. */
  readonly orderBy?: Expression;
  /** Only events for which it is true. */
  readonly where?: Expression;
  /** One partial per value of `key`; those of the `limit` smallest key hashes are kept. */
  readonly by?: { readonly key: Expression; readonly limit: number };
  readonly options?: SlotOptions;
  /** Every window that a feature reads from it: finite ones ascending, then lifetime. */
  readonly windows: readonly Window[];
}

export interface SlotOptions {
  /** firstK, lastK, topK, bottomK: how many. */
  readonly k?: number;
  /** distinct, histogram: how many values are kept exactly. heavyHitters: how many events are sampled. */
  readonly limit?: number;
  /** approxDistinct: log2 of the number of registers. */
  readonly precision?: number;
  /** quantile: relative error of its answers. */
  readonly accuracy?: number;
  /** decayed: ms in which a contribution halves. */
  readonly halfLifeMs?: number;
}

export const finalizers = [
  'value', // count, sum, min, max, first, last, firstK, lastK, topK, bottomK, distinct (sorted set), decayed
  'avg', // of sum
  'variance', // of moments
  'stddev', // of moments
  'size', // of distinct, approxDistinct: how many
  'quantile', // of quantile, at option q
  'top', // of histogram (all, or the `top` largest counts) and heavyHitters
] as const;
export type Finalizer = (typeof finalizers)[number];

/** A value read from a slot over one window. */
export interface FeaturePlan extends Described {
  readonly name: string;
  readonly type: ValueType;
  /** Index into the group's slots. */
  readonly slot: number;
  readonly window: Window;
  readonly finalizer: Finalizer;
  readonly options?: {
    /** quantile: from 0 to 1. */
    readonly q?: number;
    /** top: how many. */
    readonly top?: number;
    /** variance, stddev: divide by n − 1 instead of n. */
    readonly sample?: true;
  };
  /** Instead of null, in external form. */
  readonly default?: string | number | boolean;
}

/** A value computed at read time, from features (derived) or from features and the request's context (on demand). */
export interface DerivedPlan extends Described {
  readonly name: string;
  readonly type: ValueType;
  readonly expression: Expression;
}

export interface GroupPlan extends Described {
  readonly name: string;
  /** From 1. A change of meaning needs the next one. */
  readonly version: number;
  readonly entity: string;
  readonly stream: string;
  /** The stream's field for each of the entity's keys, in their order. An event where one is null is not for this group. */
  readonly keys: readonly string[];
  readonly slots: readonly SlotPlan[];
  readonly features: readonly FeaturePlan[];
  /** In an order in which each refers only to features and earlier ones. */
  readonly derived: readonly DerivedPlan[];
  /** True where a `call` occurs: only the kernel can compute it, no SQL engine. */
  readonly kernelOnly?: true;
  /** SHA-256, hex, of all that a stored row's meaning depends on. */
  readonly fingerprint: string;
}

/** A named vector that a model reads. */
export interface ServicePlan extends Described {
  readonly name: string;
  readonly version: number;
  /** In the vector's order, before `onDemand`. `name` is the name in the vector. */
  readonly features: readonly { readonly name: string; readonly group: string; readonly feature: string }[];
  /** What a request brings along. */
  readonly context: readonly FieldPlan[];
  /** Their `feature` fields name entries of `features` or earlier ones of `onDemand`. */
  readonly onDemand: readonly DerivedPlan[];
}
