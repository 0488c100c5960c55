import type { Reader, Writer } from '../codec/bytes.ts';
import { valueCodec } from '../codec/values.ts';
import type { ScalarValue, ValueType } from '../value-type.ts';
import type { Aggregator, Gatherer, ObjectAggregator, Refolded } from './aggregator.ts';
import { type BoundedMap, clearBounded, createBounded, mergeBounded, payloadOf } from './bounded.ts';
import { absorbBounded, decodeBounded, encodeBounded, skipBounded } from './distinct.ts';
import { boundedRefold, type PayloadFold } from './refold-bounded.ts';

/** One partial of another aggregator per key, for up to `limit` keys: clicks by category in the user's own row. */
export interface GroupedAggregator extends ObjectAggregator<BoundedMap<Inner>> {
  /** As `refold`, for the event's key. */
  refoldKey(
    r: Reader,
    w: Writer,
    origin: number,
    key: ScalarValue,
    input: never,
    ...event: EventArguments
  ): Refolded;
  /** As `update`, for the event's key. */
  updateKey(partial: BoundedMap<Inner>, key: ScalarValue, input: never, ...event: EventArguments): void;
}

/** A numeric aggregator's cells, or an object aggregator's partial. */
export type Inner = number[] | object;

type EventArguments = [time: number, tie: never, rank: never];

export function grouped(inner: Aggregator, key: ValueType, limit: number): GroupedAggregator {
  const codec = valueCodec(key);
  const create = inner.shape === 'numeric' ? () => [...inner.identity] : () => inner.create() as object;
  const add =
    inner.shape === 'numeric'
      ? (into: Inner, from: Inner) => inner.merge(into as number[], 0, from as number[], 0)
      : (into: Inner, from: Inner) => inner.merge(into, from);
  // Of a numeric aggregator: what a gatherer reads and merges in.
  const theirs = inner.shape === 'numeric' ? [...inner.identity] : [];
  const refold = boundedRefold(key, limit);
  // Of a numeric aggregator too: one serves all events, so that none has to make it.
  const folded = foldedOf(inner, theirs);
  return {
    shape: 'object',
    create: () => createBounded(limit),
    update() {
      throw new TypeError('a grouped aggregate is updated by updateKey');
    },
    updateKey(partial, value, input, time, tie, rank) {
      const mine = payloadOf(partial, value, create);
      if (mine === undefined) return;
      if (inner.shape === 'numeric') inner.update(mine as number[], 0, input, time);
      else inner.update(mine, input, time, tie, rank);
    },
    refoldKey(r, w, _, value, input, time) {
      if (inner.shape === 'object') return 'open';
      folded.input = input;
      folded.time = time;
      return refold(r, w, value, folded);
    },
    merge: (into, from) => mergeBounded(into, from, create, add),
    encode: (w, partial, origin) =>
      encodeBounded(w, partial, codec, (_, p) => {
        if (inner.shape === 'numeric') inner.encode(w, p as number[], 0);
        else inner.encode(w, p, origin);
      }),
    decode: (r, origin) =>
      decodeBounded(r, limit, codec, () => {
        if (inner.shape === 'object') return inner.decode(r, origin) as object;
        const cells = inner.identity.slice();
        inner.decode(r, cells, 0);
        return cells;
      }),
    skip: r => skipBounded(r, codec, inner.skip),
    gatherer: {
      create: () => createBounded<Inner>(limit),
      clear: clearBounded,
      absorb: (into, r, origin) =>
        absorbBounded(into, r, codec, create, mine => {
          if (inner.shape === 'object') {
            const partial = inner.decode(r, origin);
            if (mine !== undefined) inner.merge(mine, partial);
          } else {
            inner.decode(r, theirs, 0);
            if (mine !== undefined) inner.merge(mine as number[], 0, theirs, 0);
          }
        }),
      merge: (into, from) => mergeBounded(into, from, create, add),
    } satisfies Gatherer<BoundedMap<Inner>>,
  };
}

interface FoldedPayload extends PayloadFold {
  input: never;
  time: number;
}

function foldedOf(inner: Aggregator, cells: number[]): FoldedPayload {
  if (inner.shape === 'object')
    return { input: 0 as never, time: 0, skip: inner.skip, change: null, begin() {} };
  const folded: FoldedPayload = {
    input: 0 as never,
    time: 0,
    skip: inner.skip,
    change(r, w) {
      inner.decode(r, cells, 0);
      inner.update(cells, 0, folded.input, folded.time);
      inner.encode(w, cells, 0);
    },
    begin(w) {
      for (let i = 0; i < cells.length; i++) cells[i] = inner.identity[i] as number;
      inner.update(cells, 0, folded.input, folded.time);
      inner.encode(w, cells, 0);
    },
  };
  return folded;
}
