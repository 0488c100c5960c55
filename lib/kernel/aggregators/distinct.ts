import type { Reader, Writer } from '../codec/bytes.ts';
import { type ValueCodec, valueCodec } from '../codec/values.ts';
import { compareScalars } from '../compare.ts';
import type { ScalarValue, ValueType } from '../value-type.ts';
import type { Finished, Gatherer, ObjectAggregator } from './aggregator.ts';
import { type BoundedMap, clearBounded, createBounded, mergeBounded, payloadOf } from './bounded.ts';
import { readCount, writeCount } from './count.ts';
import { boundedRefold, type PayloadFold } from './refold-bounded.ts';

/** The set of values, exact up to `limit` of them. */
export function distinct(input: ValueType, limit: number): ObjectAggregator<BoundedMap<true>> {
  const codec = valueCodec(input);
  const refold = boundedRefold(input, limit);
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
    refold: (r, w, _, value: ScalarValue) => refold(r, w, value, membership),
    gatherer: {
      create: () => createBounded<true>(limit),
      clear: clearBounded,
      absorb: (into, r) => absorbBounded(into, r, codec, present, nothing),
      merge: (into, from) => mergeBounded(into, from, present, nothing),
    } satisfies Gatherer<BoundedMap<true>>,
  };
}

/** The values, ascending. */
export const distinctValues = (partial: BoundedMap<true>): Finished =>
  flagged(sortedKeys(partial.entries), partial.overflow);

/** A map's keys, ascending. Mostly they are few, and put in their places sooner than a sort is called. */
export function sortedKeys(entries: ReadonlyMap<ScalarValue, unknown>): ScalarValue[] {
  const keys: ScalarValue[] = [];
  if (entries.size > 32) {
    for (const key of entries.keys()) keys.push(key);
    return keys.sort(compareScalars);
  }
  for (const key of entries.keys()) {
    let at = keys.length;
    while (at > 0 && compareScalars(key, keys[at - 1] as ScalarValue) < 0) at--;
    for (let i = keys.length; i > at; i--) keys[i] = keys[i - 1] as ScalarValue;
    keys[at] = key;
  }
  return keys;
}

/** How many values; the limit itself, flagged, where there were more. */
export const distinctSize = (partial: BoundedMap<true>): Finished =>
  flagged(partial.entries.size, partial.overflow);

/** How often each value occurred, for up to `limit` values. */
export function histogram(input: ValueType, limit: number): ObjectAggregator<BoundedMap<Counter>> {
  const codec = valueCodec(input);
  const refold = boundedRefold(input, limit);
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
    skip: r => skipBounded(r, codec, skipCount),
    refold: (r, w, _, value: ScalarValue) => refold(r, w, value, oneMore),
    gatherer: {
      create: () => createBounded<Counter>(limit),
      clear: clearBounded,
      absorb: (into, r) =>
        absorbBounded(into, r, codec, zero, counter => {
          const n = readCount(r);
          if (counter !== undefined) counter.n += n;
        }),
      merge: (into, from) => mergeBounded(into, from, zero, addCounter),
    } satisfies Gatherer<BoundedMap<Counter>>,
  };
}

export interface Counter {
  n: number;
}

/** Value → count, largest first, ties by value; all of them, or the `top` largest. */
export function histogramCounts(partial: BoundedMap<Counter>, top: number | undefined): Finished {
  const counts: Count[] = [];
  // Without the pairs that iterating makes: each read of a row comes here.
  partial.entries.forEach(({ n }, value) => {
    counts.push({ value, n });
  });
  return flagged(largestFirst(counts, top), partial.overflow);
}

interface Count {
  readonly value: ScalarValue;
  readonly n: number;
}

export function largestFirst(counts: Count[], top = counts.length): Map<ScalarValue, number> {
  counts.sort((a, b) => b.n - a.n || compareScalars(a.value, b.value));
  const largest = new Map<ScalarValue, number>();
  for (let i = 0; i < counts.length && i < top; i++) {
    const { value, n } = counts[i] as Count;
    largest.set(value, n);
  }
  return largest;
}

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

/** Adds encoded keys to a map: `add` reads a payload and adds it to the key's, or to nothing where it is not kept. */
export function absorbBounded<P>(
  into: BoundedMap<P>,
  r: Reader,
  codec: ValueCodec,
  create: () => P,
  add: (mine: P | undefined) => void,
): void {
  const header = r.uint();
  if (header % 2 === 1) into.overflow = true;
  for (let n = Math.floor(header / 2); n > 0; n--) add(payloadOf(into, codec.read(r) as ScalarValue, create));
}

export function skipBounded(r: Reader, codec: ValueCodec, payload: (r: Reader) => void): void {
  for (let n = Math.floor(r.uint() / 2); n > 0; n--) {
    codec.skip(r);
    payload(r);
  }
}

export const flagged = (value: Finished['value'], overflow: boolean): Finished =>
  overflow ? { value, flag: 'overflow' } : { value };

const membership: PayloadFold = { skip: () => {}, change: null, begin: () => {} };

const skipCount = (r: Reader): void => r.skipUint();

const oneMore: PayloadFold = {
  skip: skipCount,
  change: (r, w) => writeCount(w, readCount(r) + 1),
  begin: w => writeCount(w, 1),
};

const present = (): true => true;
const zero = (): Counter => ({ n: 0 });
const nothing = (): void => {};
const addCounter = (into: Counter, from: Counter): void => {
  into.n += from.n;
};
