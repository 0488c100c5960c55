import { Reader, type Writer } from '../codec/bytes.ts';
import { type ValueCodec, valueCodec } from '../codec/values.ts';
import { compareTies, type Tie } from '../compare.ts';
import { EncodedList } from '../encoded-list.ts';
import type { Value, ValueType } from '../value-type.ts';
import type { RecentAggregator, TieCodec } from './aggregator.ts';

/**
 * Values with their places in the events' order, ascending: entry i has `times[i]`, and in `items` its tie at 2i and
 * its value at 2i + 1. Up to twice as many as are wanted, so that the usual update is a push; `firstOf` and `lastOf`
 * give those that count.
 */
export interface Ordered {
  readonly times: number[];
  readonly items: (Tie | Value)[];
  /** What was read, until somebody needs it as entries; these are none until then. */
  encoded: EncodedEntries | null;
}

/** Entries as bytes, known to be valid: most updates only copy them, and most reads want values without their ties. */
interface EncodedEntries {
  readonly bytes: Uint8Array;
  /** Where each entry's value is. */
  readonly places: Int32Array;
  /** The oldest entry's time. */
  readonly oldest: number;
  /** From the oldest entry's tie to the end of the newest. */
  readonly from: number;
  readonly to: number;
  readonly codec: ValueCodec;
  readonly ties: TieCodec;
}

/** firstK, lastK: the `k` values whose events come first or last. */
export function ordered(
  end: 'first' | 'last',
  k: number,
  input: ValueType,
  ties: TieCodec,
): RecentAggregator<Ordered> {
  const codec = valueCodec(input);
  const insert = end === 'last' ? insertLast : insertFirst;
  const trim = end === 'last' ? trimToLast : trimToFirst;
  return {
    shape: 'object',
    create: () => ({ times: [], items: [], encoded: null }),
    update(p, value: Value, time, tie) {
      open(p);
      insert(p, k, time, tie, value);
    },
    merge(into, from) {
      open(into);
      open(from);
      for (let i = 0; i < from.times.length; i++) {
        insert(into, k, from.times[i] as number, from.items[2 * i] as Tie, from.items[2 * i + 1] as Value);
      }
    },
    isEmpty: p => p.encoded === null && p.times.length === 0,
    dropBefore(p, start) {
      if (p.encoded !== null && p.encoded.oldest >= start) return;
      open(p);
      let n = 0;
      while (n < p.times.length && (p.times[n] as number) < start) n++;
      if (n > 0) dropFirst(p, n);
    },
    encode(w, p, origin) {
      if (p.encoded !== null && p.encoded.places.length <= k) {
        copyEntries(w, p.encoded, origin);
        return;
      }
      open(p);
      trim(p, k);
      encodeOrdered(w, p, origin, codec, ties);
    },
    decode: (r, origin) => readOrdered(r, origin, codec, ties),
    skip(r) {
      for (let n = r.count(); n > 0; n--) {
        r.skipUint();
        ties.skip(r);
        codec.skip(r);
      }
    },
  };
}

/** The values of the first `k` entries, oldest first. */
export function firstOf(p: Ordered, k: number): Value[] {
  open(p);
  const values: Value[] = [];
  for (let i = 0; i < Math.min(k, p.times.length); i++) values.push(p.items[2 * i + 1] as Value);
  return values;
}

/** The values of the last `k` entries from `start` on, newest first. */
export function lastOf(p: Ordered, k: number, start: number): Value[] | EncodedList {
  const { encoded } = p;
  if (encoded !== null && encoded.oldest >= start) {
    const { bytes, places, codec } = encoded;
    return new EncodedList(bytes, places, Math.max(0, places.length - k), codec);
  }
  open(p);
  const values: Value[] = [];
  for (let i = p.times.length - 1; i >= 0 && values.length < k && (p.times[i] as number) >= start; i--) {
    values.push(p.items[2 * i + 1] as Value);
  }
  return values;
}

function insertLast(p: Ordered, k: number, time: number, tie: Tie, value: Value): void {
  const n = p.times.length;
  const at = placeFor(p, time, tie);
  if (n >= k && at <= n - k) return;
  insertAt(p, at, time, tie, value);
  if (n + 1 >= 2 * k) trimToLast(p, k);
}

function insertFirst(p: Ordered, k: number, time: number, tie: Tie, value: Value): void {
  const n = p.times.length;
  if (n >= k && time > (p.times[k - 1] as number)) return;
  const at = placeFor(p, time, tie);
  if (at >= k) return;
  insertAt(p, at, time, tie, value);
  trimToFirst(p, k);
}

function trimToLast(p: Ordered, k: number): void {
  if (p.times.length > k) dropFirst(p, p.times.length - k);
}

function trimToFirst(p: Ordered, k: number): void {
  if (p.times.length > k) {
    p.times.length = k;
    p.items.length = 2 * k;
  }
}

function dropFirst(p: Ordered, n: number): void {
  p.times.splice(0, n);
  p.items.splice(0, 2 * n);
}

/** The index after the last entry that is not above (time, tie); found from the end, where events usually go. */
function placeFor(p: Ordered, time: number, tie: Tie): number {
  let i = p.times.length;
  while (i > 0) {
    const t = p.times[i - 1] as number;
    if (t < time || (t === time && compareTies(p.items[2 * i - 2] as Tie, tie) <= 0)) break;
    i--;
  }
  return i;
}

function insertAt(p: Ordered, at: number, time: number, tie: Tie, value: Value): void {
  if (at === p.times.length) {
    p.times.push(time);
    p.items.push(tie, value);
  } else {
    p.times.splice(at, 0, time);
    p.items.splice(2 * at, 0, tie, value);
  }
}

/** Oldest first: its time as a distance from `origin`, the others' from the one before. */
function encodeOrdered(w: Writer, p: Ordered, origin: number, codec: ValueCodec, ties: TieCodec): void {
  const n = p.times.length;
  w.uint(n);
  let before = origin;
  for (let i = 0; i < n; i++) {
    const time = p.times[i] as number;
    w.int(time - before);
    before = time;
    ties.write(w, p.items[2 * i] as Tie);
    codec.write(w, p.items[2 * i + 1] as NonNullable<Value>);
  }
}

function copyEntries(w: Writer, { bytes, places, oldest, from, to }: EncodedEntries, origin: number): void {
  w.uint(places.length);
  w.int(oldest - origin);
  w.raw(bytes.subarray(from, to));
}

/** Reads entries without making them. Throws where making them would. */
function readOrdered(r: Reader, origin: number, codec: ValueCodec, ties: TieCodec): Ordered {
  const n = r.count();
  const p: Ordered = { times: [], items: [], encoded: null };
  if (n === 0) return p;
  const oldest = origin + r.int();
  const from = r.at;
  const places = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    if (i > 0) r.uint();
    ties.check(r);
    places[i] = r.at;
    codec.check(r);
  }
  p.encoded = { bytes: r.bytes, places, oldest, from, to: r.at, codec, ties };
  return p;
}

/** Makes the entries that were only read. */
function open(p: Ordered): void {
  if (p.encoded === null) return;
  const { bytes, places, oldest, from, to, codec, ties } = p.encoded;
  p.encoded = null;
  const r = new Reader(bytes, from, to);
  let time = oldest;
  for (let i = 0; i < places.length; i++) {
    if (i > 0) time += r.int();
    p.times.push(time);
    p.items.push(ties.read(r), codec.read(r));
  }
}
