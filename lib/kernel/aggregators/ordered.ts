import { CorruptBytesError, Reader, type Writer } from '../codec/bytes.ts';
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
  times: number[];
  items: (Tie | Value)[];
  /** What was read and is still bytes: it comes before those entries, and ends before the first of them in time. */
  encoded: EncodedEntries | null;
}

/** Entries as bytes: most updates copy them and add one, and most reads want values without their ties. */
interface EncodedEntries {
  readonly bytes: Uint8Array;
  count: number;
  oldest: number;
  readonly newest: number;
  /** From the oldest entry's tie to the end of the newest. */
  from: number;
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

  /** Oldest first: its time as a distance from `origin`, the others' from the one before. */
  function writeEntries(w: Writer, { encoded, times, items }: Ordered): void {
    if (encoded !== null) w.copy(encoded.bytes, encoded.from, encoded.to);
    let before = encoded === null ? (times[0] as number) : encoded.newest;
    for (let i = 0; i < times.length; i++) {
      const time = times[i] as number;
      if (i > 0 || encoded !== null) w.int(time - before);
      before = time;
      ties.write(w, items[2 * i] as Tie);
      codec.write(w, items[2 * i + 1] as NonNullable<Value>);
    }
  }

  return {
    shape: 'object',
    create,
    update(p, value: Value, time, tie) {
      if (p.encoded !== null && (end === 'first' || time <= p.encoded.newest)) open(p);
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
      dropEncoded(p, ({ oldest }) => oldest < start);
      if (p.encoded !== null) return;
      let n = 0;
      while (n < p.times.length && (p.times[n] as number) < start) n++;
      if (n > 0) dropFirst(p, n);
    },
    encode(w, p, origin) {
      trim(p, k);
      const count = countOf(p);
      w.uint(count);
      if (count === 0) return;
      w.int(oldestOf(p) - origin);
      writeEntries(w, p);
    },
    decode(r, origin) {
      const p = create();
      const count = r.count();
      if (count === 0) return p;
      const oldest = origin + r.int();
      const from = r.at;
      let newest = oldest;
      for (let i = 0; i < count; i++) {
        if (i > 0) newest += r.int();
        ties.check(r);
        codec.check(r);
      }
      p.encoded = { bytes: r.bytes, count, oldest, newest, from, to: r.at, codec, ties };
      return p;
    },
    skip(r) {
      for (let n = r.count(); n > 0; n--) {
        r.skipUint();
        ties.skip(r);
        codec.skip(r);
      }
    },
    refold(r, w, origin, value: NonNullable<Value>, time, tie) {
      if (end === 'last') return 'open';
      const { bytes } = r;
      const n = r.count();
      const first = r.at;
      let last = origin;
      for (let i = 0; i < n; i++) {
        last += r.int();
        ties.skip(r);
        codec.skip(r);
      }
      if (time <= last) return 'open';
      if (n >= k) return 'same';
      w.uint(n + 1);
      w.copy(bytes, first, r.at);
      w.int(time - last);
      ties.write(w, tie);
      codec.write(w, value);
      return 'written';
    },
    /** As `encode`, with two more numbers: how long the entries span, and how many bytes they take. */
    writeKept(w, p, origin) {
      trim(p, k);
      const count = countOf(p);
      w.uint(count);
      if (count === 0) return;
      const oldest = oldestOf(p);
      const newest = p.times.length > 0 ? (p.times.at(-1) as number) : (p.encoded as EncodedEntries).newest;
      w.int(oldest - origin);
      w.uint(newest - oldest);
      const opened = w.openLength();
      writeEntries(w, p);
      w.closeLength(opened);
    },
    readKept(r, origin) {
      const p = create();
      const count = r.uint();
      if (count === 0) return p;
      const oldest = origin + r.int();
      const newest = oldest + r.uint();
      const to = r.sizedEnd();
      if (count > to - r.at) throw noEntries(r);
      p.encoded = { bytes: r.bytes, count, oldest, newest, from: r.at, to, codec, ties };
      r.at = to;
      return p;
    },
    skipKept(r) {
      if (r.uint() === 0) return;
      r.skipUint();
      r.skipUint();
      r.skipSized();
    },
  };
}

const create = (): Ordered => ({ times: [], items: [], encoded: null });

const countOf = ({ encoded, times }: Ordered): number => times.length + (encoded?.count ?? 0);

const oldestOf = ({ encoded, times }: Ordered): number =>
  encoded !== null ? encoded.oldest : (times[0] as number);

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
  if (encoded !== null && encoded.oldest >= start && p.times.length === 0) {
    const places = placesOf(encoded);
    return new EncodedList(encoded.bytes, places, Math.max(0, places.length - k), encoded.codec);
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
  dropEncoded(p, ({ count }) => count + p.times.length > k);
  if (p.times.length > k) dropFirst(p, p.times.length - k);
}

function trimToFirst(p: Ordered, k: number): void {
  if (countOf(p) > k) open(p);
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

/** Drops the oldest of the encoded entries while `isTooMuch` says so. */
function dropEncoded(p: Ordered, isTooMuch: (entries: EncodedEntries) => boolean): void {
  const { encoded } = p;
  if (encoded === null || !isTooMuch(encoded)) return;
  const { codec, ties } = encoded;
  const r = reader;
  r.reset(encoded.bytes, encoded.from, encoded.to);
  do {
    ties.skip(r);
    codec.skip(r);
    if (--encoded.count === 0) {
      p.encoded = null;
      return;
    }
    encoded.oldest += r.int();
    encoded.from = r.at;
  } while (isTooMuch(encoded));
}

/** Where each entry's value is. Throws where reading one would. */
function placesOf({ bytes, count, oldest, newest, from, to, codec, ties }: EncodedEntries): Int32Array {
  const r = reader;
  r.reset(bytes, from, to);
  const places = new Int32Array(count);
  let time = oldest;
  for (let i = 0; i < count; i++) {
    if (i > 0) time += r.int();
    ties.check(r);
    places[i] = r.at;
    codec.check(r);
  }
  if (r.at !== to || time !== newest) throw noEntries(r);
  return places;
}

/** Makes entries of what is still bytes. */
function open(p: Ordered): void {
  if (p.encoded === null) return;
  const { bytes, count, oldest, newest, from, to, codec, ties } = p.encoded;
  const r = reader;
  r.reset(bytes, from, to);
  const times: number[] = [];
  const items: (Tie | Value)[] = [];
  let time = oldest;
  for (let i = 0; i < count; i++) {
    if (i > 0) time += r.int();
    times.push(time);
    items.push(ties.read(r), codec.read(r));
  }
  if (r.at !== to || time !== newest) throw noEntries(r);
  for (const later of p.times) times.push(later);
  for (const item of p.items) items.push(item);
  p.encoded = null;
  p.times = times;
  p.items = items;
}

const noEntries = (r: Reader): CorruptBytesError =>
  new CorruptBytesError(`entries end at byte ${r.at}, not where and when they should`);

// One serves all: opening entries opens nothing else.
const reader = new Reader(new Uint8Array());
