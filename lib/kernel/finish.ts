import type { Finished, Flag } from './aggregators/aggregator.ts';
import { cardinality, type HyperLogLog } from './aggregators/approx-distinct.ts';
import type { BoundedMap } from './aggregators/bounded.ts';
import { decayedValue } from './aggregators/decayed.ts';
import {
  type Counter,
  distinctSize,
  distinctValues,
  histogramCounts,
  sortedKeys,
} from './aggregators/distinct.ts';
import type { Extreme } from './aggregators/extremes.ts';
import { type GatheredBins, sketchOf } from './aggregators/gather-bins.ts';
import type { GatheredRegisters } from './aggregators/gather-registers.ts';
import type { Inner } from './aggregators/grouped.ts';
import { type EventSample, heavyHitterCounts } from './aggregators/heavy-hitters.ts';
import { defaultAccuracy, defaultLimit } from './aggregators/index.ts';
import { firstOf, lastOf, type Ordered } from './aggregators/ordered.ts';
import { quantileOf } from './aggregators/quantile.ts';
import type { Sketch } from './aggregators/quantile-bins.ts';
import type { Ranked } from './aggregators/ranked.ts';
import { type Single, singleValue } from './aggregators/single.ts';
import { wideInteger } from './codec/cells.ts';
import { decoded } from './encoded-list.ts';
import type { FeaturePlan, SlotPlan } from './plan.ts';
import type { ScalarValue, Value } from './value-type.ts';

/** What a query asks of a partial: the query time, and where its window begins. */
export interface Query {
  readonly q: number;
  readonly start: number;
}

/**
 * Turns a partial into a feature's value. Numeric partials come as their array and offset, object ones as
 * themselves in `cells` (null where no value came).
 */
export type Finisher = (cells: unknown, at: number, query: Query) => Finished;

export function finisherOf(slot: SlotPlan, feature: FeaturePlan): Finisher {
  const inner = innerFinisher(slot, feature);
  if (slot.by === undefined) return inner;
  return (partial, _, query) => finishGrouped(partial as BoundedMap<Inner> | null, inner, query);
}

/** Values of type T from a partial P that is there; what stands for none is given apart. */
const of =
  <P>(finish: (partial: P, query: Query) => Finished, empty: Value): Finisher =>
  (partial, _, query) =>
    partial === null ? { value: empty } : finish(partial as P, query);

const cell = (cells: unknown, at: number): number => (cells as readonly number[])[at] as number;

function innerFinisher(slot: SlotPlan, feature: FeaturePlan): Finisher {
  const { options = {}, input } = slot;
  const kind = input?.type.kind;
  switch (slot.aggregator) {
    case 'count':
      return (cells, at) => safe(cell(cells, at));
    case 'sum':
      return sumFinisher(slot, feature);
    case 'moments':
      return (cells, at) => {
        const n = cell(cells, at);
        if (!Number.isSafeInteger(n)) return outOfRange;
        const divisor = feature.options?.sample === true ? n - 1 : n;
        if (divisor <= 0) return { value: null };
        const variance = cell(cells, at + 2) / divisor;
        return finite(feature.finalizer === 'stddev' ? Math.sqrt(variance) : variance);
      };
    case 'min':
    case 'max':
      if (kind === 'string' || kind === 'int64') {
        return of<Extreme>(p => ({ value: p.value }), null);
      }
      return (cells, at) => finite(cell(cells, at), true);
    case 'first':
      return of<Single>(p => ({ value: singleValue(p) }), null);
    case 'last':
      return of<Single>((p, { start }) => ({ value: p.time >= start ? singleValue(p) : null }), null);
    case 'firstK':
      return of<Ordered>(p => ({ value: firstOf(p, options.k as number) }), []);
    case 'lastK':
      return of<Ordered>((p, { start }) => ({ value: lastOf(p, options.k as number, start) }), []);
    case 'topK':
    case 'bottomK':
      return of<Ranked>(p => ({ value: [...p.values] }), []);
    case 'distinct':
      return feature.finalizer === 'size'
        ? of<BoundedMap<true>>(distinctSize, 0)
        : of<BoundedMap<true>>(distinctValues, []);
    case 'approxDistinct':
      return of<HyperLogLog | GatheredRegisters>(p => ({ value: cardinality(p) }), 0);
    case 'quantile': {
      const { q = 0.5 } = feature.options ?? {};
      const accuracy = options.accuracy ?? defaultAccuracy;
      return of<Sketch | GatheredBins>(
        p => quantileOf('ring' in p.positive ? sketchOf(p as GatheredBins) : (p as Sketch), q, accuracy),
        null,
      );
    }
    case 'histogram':
      return of<BoundedMap<Counter>>(p => histogramCounts(p, feature.options?.top), new Map());
    case 'heavyHitters':
      return of<EventSample>(
        p => heavyHitterCounts(p, options.limit ?? defaultLimit, feature.options?.top),
        new Map(),
      );
    case 'decayed': {
      const halfLife = options.halfLifeMs as number;
      return (cells, at, { q }) => finite(decayedValue(cells as readonly number[], at, halfLife, q));
    }
  }
}

function sumFinisher(slot: SlotPlan, feature: FeaturePlan): Finisher {
  const type = slot.input?.type;
  if (type?.kind === 'float') {
    return (cells, at) => {
      const n = cell(cells, at);
      if (n === 0) return { value: null };
      const sum = cell(cells, at + 1) + cell(cells, at + 2);
      if (feature.finalizer !== 'avg') return finite(sum);
      return Number.isSafeInteger(n) ? finite(sum / n) : outOfRange;
    };
  }
  const unit = type?.kind === 'decimal' ? 10 ** type.scale : 1;
  return (cells, at) => {
    const n = cell(cells, at);
    if (n === 0) return { value: null };
    const low = cell(cells, at + 1);
    const high = cell(cells, at + 2);
    if (feature.finalizer === 'avg') {
      if (!Number.isSafeInteger(n)) return outOfRange;
      return { value: (high === 0 ? low : Number(wideInteger(low, high))) / unit / n + 0 };
    }
    if (type?.kind === 'int64') {
      const sum = wideInteger(low, high);
      return BigInt.asIntN(64, sum) === sum ? { value: sum } : outOfRange;
    }
    return high === 0 ? safe(low) : safe(Number(wideInteger(low, high)));
  };
}

/** The map's keys ascending, each with its partial's value. */
function finishGrouped(map: BoundedMap<Inner> | null, inner: Finisher, query: Query): Finished {
  if (map === null) return { value: new Map() };
  let flag: Flag | undefined = map.overflow ? 'overflow' : undefined;
  const values = new Map<ScalarValue, Value>();
  for (const key of sortedKeys(map.entries)) {
    const finished = inner(map.entries.get(key), 0, query);
    if (finished.value !== null) values.set(key, decoded(finished.value));
    flag ??= finished.flag;
  }
  return flag === undefined ? { value: values } : { value: values, flag };
}

const outOfRange: Finished = { value: null, flag: 'out-of-range' };

const safe = (x: number): Finished => (Number.isSafeInteger(x) ? { value: x + 0 } : outOfRange);

/** Null for an infinite one; flagged unless infinity only stands for an empty partial. */
const finite = (x: number, emptyIsInfinite = false): Finished =>
  x - x === 0 ? { value: x + 0 } : emptyIsInfinite ? { value: null } : outOfRange;
