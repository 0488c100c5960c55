import type { AggregatorKind, Finalizer } from '../kernel/plan.ts';
import { formatType, isNumeric, isScalar, type ValueType } from '../kernel/value-type.ts';
import { Aggregation, type AggregationSpec } from './aggregation.ts';
import { DefinitionError } from './errors.ts';
import {
  ExpressionOf,
  type ListExpression,
  type MapExpression,
  type NumberExpression,
  type NumericKind,
  nodeOf,
  type ScalarKind,
} from './expression/expressions.ts';
import { show } from './expression/literals.ts';
import { parseDuration } from './windows.ts';

type Int = NumberExpression<'int'>;
type Float = NumberExpression<'float'>;
type Numeric = ExpressionOf<NumericKind>;
type Scalar = ExpressionOf<ScalarKind>;
/** What has an order: numbers, strings and times. */
type Orderable = ExpressionOf<NumericKind | 'string' | 'timestamp'>;

const int: ValueType = { kind: 'int' };
const float: ValueType = { kind: 'float' };

/** How many events, or, of an expression, how many where it is not null. */
export const count = (x?: ExpressionOf): Aggregation<Int, '', true> =>
  make('count', x, () => int, { neverNull: true });

/** Exact for int, int64 and decimal; floats to within 1e-9 of the sum of magnitudes. */
export const sum = <E extends Numeric>(x: E): Aggregation<E> => make('sum', required(x, 'sum'), numeric);

/** The mean, a float; null without values. */
export const avg = (x: Numeric): Aggregation<Float> =>
  make('sum', required(x, 'avg'), toFloat, { calledAs: 'avg', finalizer: 'avg' });

/** The smallest value; strings are ordered by code point. */
export const min = <E extends Orderable>(x: E): Aggregation<E> => make('min', required(x, 'min'), orderable);
/** The largest value; strings are ordered by code point. */
export const max = <E extends Orderable>(x: E): Aggregation<E> => make('max', required(x, 'max'), orderable);

/** The population's, or with `sample` the sample's (null for a single value). */
export const variance = (x: Numeric, options: { readonly sample?: boolean } = {}): Aggregation<Float> =>
  moments('variance', x, options);
/** The square root of the variance. */
export const stddev = (x: Numeric, options: { readonly sample?: boolean } = {}): Aggregation<Float> =>
  moments('stddev', x, options);

/** Of the earliest event that has a value. */
export const first = <E extends ExpressionOf>(x: E): Aggregation<E> =>
  make('first', required(x, 'first'), same);
/** Of the latest event that has a value. */
export const last = <E extends ExpressionOf>(x: E): Aggregation<E> => make('last', required(x, 'last'), same);

/** Of the `k` earliest events that have a value, earliest first. */
export const firstK = <E extends ExpressionOf>(x: E, k: number): Aggregation<ListExpression<E>, '', true> =>
  several('firstK', x, k, listOf);
/** Of the `k` latest events that have a value, latest first. */
export const lastK = <E extends ExpressionOf>(x: E, k: number): Aggregation<ListExpression<E>, '', true> =>
  several('lastK', x, k, listOf);

/** The `k` largest values, or, with `orderBy`, those of the events where that is largest. Largest first. */
export function topK<E extends Orderable>(x: E, k: number): Aggregation<ListExpression<E>, '', true>;
export function topK<E extends ExpressionOf>(
  x: E,
  k: number,
  options: Ranking,
): Aggregation<ListExpression<E>, '', true>;
export function topK<E extends ExpressionOf>(x: E, k: number, options?: Ranking) {
  return ranked<E>('topK', x, k, options?.orderBy);
}

/** The `k` smallest values, or, with `orderBy`, those of the events where that is smallest. Smallest first. */
export function bottomK<E extends Orderable>(x: E, k: number): Aggregation<ListExpression<E>, '', true>;
export function bottomK<E extends ExpressionOf>(
  x: E,
  k: number,
  options: Ranking,
): Aggregation<ListExpression<E>, '', true>;
export function bottomK<E extends ExpressionOf>(x: E, k: number, options?: Ranking) {
  return ranked<E>('bottomK', x, k, options?.orderBy);
}

/** The different values, ascending. Of more than `limit`, those of the smallest hashes, flagged. */
export const distinct = <E extends Scalar>(
  x: E,
  { limit = 1024 }: { readonly limit?: number } = {},
): Aggregation<ListExpression<E>, '', true> =>
  make('distinct', required(x, 'distinct'), type => listOf(scalar(type)), {
    slotOptions: () => ({ limit: whole('limit', limit, mostKept) }),
    neverNull: true,
  });

/** How many different values: exact up to `limit`, flagged above. */
export const distinctCount = (
  x: Scalar,
  { limit = 1024 }: { readonly limit?: number } = {},
): Aggregation<Int, '', true> =>
  make('distinct', required(x, 'distinctCount'), ofScalar, {
    calledAs: 'distinctCount',
    finalizer: 'size',
    slotOptions: () => ({ limit: whole('limit', limit, mostKept) }),
    neverNull: true,
  });

/** How many different values, by HyperLogLog of 2^precision registers: standard error 1.04 / √(2^precision). */
export const approxDistinct = (
  x: Scalar,
  { precision = 12 }: { readonly precision?: number } = {},
): Aggregation<Int, '', true> =>
  make('approxDistinct', required(x, 'approxDistinct'), ofScalar, {
    finalizer: 'size',
    slotOptions: () => ({ precision: whole('precision', precision, 16, 4) }),
    neverNull: true,
  });

/** The value below which the share `q` of the values lies, to within `accuracy` of its own size. */
export const approxQuantile = (
  x: Numeric,
  q: number,
  { accuracy = 0.01 }: { readonly accuracy?: number } = {},
): Aggregation<Float> =>
  make('quantile', required(x, 'approxQuantile'), toFloat, {
    calledAs: 'approxQuantile',
    finalizer: 'quantile',
    slotOptions: () => ({ accuracy: between('accuracy', accuracy, 0.001, 0.1) }),
    options: () => ({ q: between('q', q, 0, 1) }),
  });

/** How often each value occurs; with `top` the most frequent only. Of more than `limit` values, those of the smallest hashes. */
export const histogram = (
  x: Scalar,
  { top, limit = 1024 }: { readonly top?: number; readonly limit?: number } = {},
): Aggregation<MapExpression<number>, '', true> =>
  make('histogram', required(x, 'histogram'), countsBy, {
    finalizer: 'top',
    slotOptions: () => ({ limit: whole('limit', limit, mostKept) }),
    ...(top === undefined ? {} : { options: () => ({ top: whole('top', top, mostKept) }) }),
    neverNull: true,
  });

/** The `top` most frequent values with their counts, estimated from `sample` events. */
export const heavyHitters = (
  x: Scalar,
  { top = 10, sample = 1024 }: { readonly top?: number; readonly sample?: number } = {},
): Aggregation<MapExpression<number>, '', true> =>
  make('heavyHitters', required(x, 'heavyHitters'), countsBy, {
    finalizer: 'top',
    slotOptions: () => ({ limit: whole('sample', sample, mostKept) }),
    options: () => ({ top: whole('top', top, mostKept) }),
    neverNull: true,
  });

/** A count to which an event adds 1 at its time and half as much with every `halfLife` ('7d') that has passed since. */
export const decayedCount = (options: HalfLife): Aggregation<Float, '', true> =>
  decayed('decayedCount', undefined, options);

/** A sum to which an event adds its value, and half as much with every `halfLife` ('7d') that has passed since. */
export const decayedSum = (x: Numeric, options: HalfLife): Aggregation<Float, '', true> =>
  decayed('decayedSum', required(x, 'decayedSum'), options);

interface Ranking {
  readonly orderBy: Orderable;
}
interface HalfLife {
  readonly halfLife: string;
}

/** Above these a row would not stay small enough to be read in a batch. */
const mostKept = 65_536;
const mostListed = 1_000;

type Settings = Partial<
  Pick<AggregationSpec, 'calledAs' | 'finalizer' | 'slotOptions' | 'options' | 'neverNull' | 'orderBy'>
>;

function make<E extends ExpressionOf, N extends boolean>(
  aggregator: AggregatorKind,
  x: ExpressionOf | undefined,
  typeOf: (input: ValueType) => ValueType,
  settings: Settings = {},
): Aggregation<E, '', N> {
  const input = x === undefined ? undefined : nodeOf(x);
  const calledAs = settings.calledAs ?? aggregator;
  return new Aggregation<E, '', N>({
    aggregator,
    finalizer: 'value' satisfies Finalizer,
    neverNull: false,
    ...settings,
    calledAs,
    ...(input === undefined ? {} : { input }),
    windows: [],
    typeOf: () => typeOf(input?.type ?? int),
  });
}

function moments(
  name: 'variance' | 'stddev',
  x: Numeric,
  { sample }: { readonly sample?: boolean },
): Aggregation<Float> {
  return make('moments', required(x, name), toFloat, {
    calledAs: name,
    finalizer: name,
    ...(sample ? { options: () => ({ sample: true }) } : {}),
  });
}

function several<E extends ExpressionOf>(
  name: 'firstK' | 'lastK' | 'topK' | 'bottomK',
  x: E,
  k: number,
  typeOf: (input: ValueType) => ValueType,
  settings: Settings = {},
): Aggregation<ListExpression<E>, '', true> {
  const slotOptions = () => ({ k: whole('k', k, mostListed) });
  return make(name, required(x, name), typeOf, { ...settings, slotOptions, neverNull: true });
}

function ranked<E extends ExpressionOf>(
  name: 'topK' | 'bottomK',
  x: E,
  k: number,
  orderBy: Orderable | undefined,
) {
  if (orderBy === undefined) return several(name, x, k, type => listOf(orderable(type)));
  const node = nodeOf(orderBy);
  return several(name, x, k, type => orderable(node.type) && listOf(type), { orderBy: node });
}

function decayed(
  calledAs: string,
  x: ExpressionOf | undefined,
  options: HalfLife,
): Aggregation<Float, '', true> {
  return make('decayed', x, toFloat, {
    calledAs,
    slotOptions: () => ({ halfLifeMs: parseDuration(options?.halfLife, 'halfLife') }),
    neverNull: true,
  });
}

function required<E extends ExpressionOf>(x: E, calledAs: string): E {
  if (x instanceof ExpressionOf) return x;
  throw new DefinitionError(`${calledAs}(…) aggregates an expression, such as e.price; got ${show(x)}`);
}

/*
 * The type of the result, from the input's.
 */
const same = (type: ValueType): ValueType => type;
const listOf = (type: ValueType): ValueType => ({ kind: 'list', of: type });
const countsBy = (type: ValueType): ValueType => ({ kind: 'map', key: scalar(type), value: int });
function ofScalar(type: ValueType): ValueType {
  scalar(type);
  return int;
}
function toFloat(type: ValueType): ValueType {
  numeric(type);
  return float;
}
function numeric(type: ValueType): ValueType {
  if (isNumeric(type)) return type;
  throw new DefinitionError(`takes numbers, not ${formatType(type)}; cast the input, or count it`);
}
function scalar(type: ValueType): ValueType {
  if (isScalar(type)) return type;
  throw new DefinitionError(`takes single values, not ${formatType(type)}; take a field of it`);
}
function orderable(type: ValueType): ValueType {
  if (isNumeric(type) || type.kind === 'string' || type.kind === 'timestamp') return type;
  throw new DefinitionError(
    `${formatType(type)} has no order; take a number, a string or a time, or give orderBy`,
  );
}

function whole(name: string, value: unknown, most: number, least = 1): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new DefinitionError(`${name} is a whole number from ${least} to ${most}; got ${show(value)}`);
}
function between(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && value >= least && value <= most) return value + 0;
  throw new DefinitionError(`${name} is a number from ${least} to ${most}; got ${show(value)}`);
}
