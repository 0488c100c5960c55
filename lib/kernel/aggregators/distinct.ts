import type { Reader, Writer } from '../codec/bytes.ts';
import { type ValueCodec, valueCodec } from '../codec/values.ts';
import { compareScalars } from '../compare.ts';
import type { ScalarValue, ValueType } from '../value-type.ts';
import type { Finished, ObjectAggregator } from './aggregator.ts';
import { type BoundedMap, createBounded, mergeBounded, payloadOf } from './bounded.ts';
import { readCount, writeCount } from './count.ts';

/** The set of values, exact up to `limit` of them. */
export function distinct(input: ValueType, limit: number): ObjectAggregator<BoundedMap<true>> {
  const codec = valueCodec(input);
  return {
    shape: 'object',
    create: () => createBounded(limit),
    update(partial, value: ScalarValue) {
      payloadOf(partial, value, present);
    },
    merge: (into, from) => mergeBounded(into, from, present, nothing),
    encode: (w, partial) => encodeBounded(w, partial, codec, nothing),
    decode: r => decodeBounded(r, limit, codec, present),
    skip: r => skipBounded(r, codec, nothing),
  };
}

/** The values, ascending. */
export const distinctValues = (partial: BoundedMap<true>): Finished =>
  flagged([...partial.entries.keys()].sort(compareScalars), partial.overflow);

/** How many values; the limit itself, flagged, where there were more. */
export const distinctSize = (partial: BoundedMap<true>): Finished =>
  flagged(partial.entries.size, partial.overflow);

/** How often each value occurred, for up to `limit` values. */
export function histogram(input: ValueType, limit: number): ObjectAggregator<BoundedMap<Counter>> {
  const codec = valueCodec(input);
  return {
    shape: 'object',
    create: () => createBounded(limit),
    update(partial, value: ScalarValue) {
      const counter = payloadOf(partial, value, zero);
      if (counter !== undefined) counter.n++;
    },
    merge: (into, from) => mergeBounded(into, from, zero, addCounter),
    encode: (w, partial) => encodeBounded(w, partial, codec, (_, counter) => writeCount(w, counter.n)),
    decode: r => decodeBounded(r, limit, codec, () => ({ n: readCount(r) })),
    skip: r => skipBounded(r, codec, r => r.skipUint()),
  };
}

export interface Counter {
  n: number;
}

/** Value → count, largest first, ties by value; all of them, or the `top` largest. */
export function histogramCounts(partial: BoundedMap<Counter>, top: number | undefined): Finished {
  const counts = [...partial.entries].map(([key, counter]) => [key, counter.n] as const);
  return flagged(largestFirst(counts, top), partial.overflow);
}

export const largestFirst = (
  counts: (readonly [ScalarValue, number])[],
  top: number | undefined,
): Map<ScalarValue, number> =>
  new Map(counts.sort((a, b) => b[1] - a[1] || compareScalars(a[0], b[0])).slice(0, top));

/** A bounded map as bytes: size and overflow mark, then keys with what `payload` writes of each. */
export function encodeBounded<P>(
  w: Writer,
  map: BoundedMap<P>,
  codec: ValueCodec,
  payload: (key: ScalarValue, payload: P) => void,
): void {
  w.uint(map.entries.size * 2 + (map.overflow ? 1 : 0));
  for (const [key, p] of map.entries) {
    codec.write(w, key);
    payload(key, p);
  }
}

export function decodeBounded<P>(
  r: Reader,
  limit: number,
  codec: ValueCodec,
  payload: () => P,
): BoundedMap<P> {
  const map = createBounded<P>(limit);
  const header = r.uint();
  map.overflow = header % 2 === 1;
  for (let n = Math.floor(header / 2); n > 0; n--) {
    const key = codec.read(r) as ScalarValue;
    map.entries.set(key, payload());
  }
  return map;
}

export function skipBounded(r: Reader, codec: ValueCodec, payload: (r: Reader) => void): void {
  for (let n = Math.floor(r.uint() / 2); n > 0; n--) {
    codec.skip(r);
    payload(r);
  }
}

export const flagged = (value: Finished['value'], overflow: boolean): Finished =>
  overflow ? { value, flag: 'overflow' } : { value };

const present = (): true => true;
const zero = (): Counter => ({ n: 0 });
const nothing = (): void => {};
const addCounter = (into: Counter, from: Counter): void => {
  into.n += from.n;
};
