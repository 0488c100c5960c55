import { valueCodec } from '../codec/values.ts';
import type { Tie } from '../compare.ts';
import { hash53, mixHashes } from '../hash.ts';
import type { ScalarValue, ValueType } from '../value-type.ts';
import type { Finished, Gatherer, ObjectAggregator } from './aggregator.ts';
import { readCount, writeCount } from './count.ts';
import { largestFirst } from './distinct.ts';

/**
 * The most frequent values, from a uniform sample of events: those with the `size` smallest hashes of (time, tie).
 * Unlike counter sketches (Misra–Gries, SpaceSaving), whose counts hang on the order of events and merges, such a
 * sample is the same for every order, so that stream and backfill agree. Exact while there are no more than `size`
 * events; beyond, a share p of the events is estimated with standard error √(p (1 − p) / size), at most 1.6 % of all
 * events for 1,024 (three times that is the bound the tests hold).
 */
export function heavyHitters(input: ValueType, size: number): ObjectAggregator<EventSample> {
  const codec = valueCodec(input);
  const create = (): EventSample => ({ events: 0, bar: Number.POSITIVE_INFINITY, sample: new Map() });

  function merge(into: EventSample, from: EventSample): void {
    into.events += from.events;
    for (const [hash, value] of from.sample) if (hash < into.bar) offer(into, hash, value, size);
  }

  return {
    shape: 'object',
    create,
    update(s, value: ScalarValue, time, tie) {
      s.events++;
      const hash = eventHash(time, tie);
      if (hash < s.bar) offer(s, hash, value, size);
    },
    merge,
    encode(w, s) {
      trim(s, size);
      writeCount(w, s.events);
      w.uint(s.sample.size);
      let before = 0;
      for (const [hash, value] of [...s.sample].sort((a, b) => a[0] - b[0])) {
        w.uint(hash - before);
        codec.write(w, value);
        before = hash;
      }
    },
    decode(r) {
      const s = create();
      s.events = readCount(r);
      let hash = 0;
      for (let n = r.count(); n > 0; n--) {
        hash += r.uint();
        s.sample.set(hash, codec.read(r) as ScalarValue);
      }
      if (s.sample.size >= size) s.bar = hash;
      return s;
    },
    refold(r, w, _, value: ScalarValue, time, tie) {
      const { bytes, end } = r;
      const events = readCount(r);
      const count = r.count();
      if (count >= size) return 'open';
      const wanted = eventHash(time, tie);
      const first = r.at;
      let before = 0;
      let hash = 0;
      let at = first;
      let isPast = false;
      for (let i = 0; i < count; i++) {
        before = hash;
        at = r.at;
        hash += r.uint();
        isPast = hash >= wanted;
        if (isPast) break;
        codec.skip(r);
        at = r.at;
      }
      if (isPast && hash === wanted) return 'open';
      writeCount(w, events + 1);
      w.uint(count + 1);
      w.copy(bytes, first, at);
      w.uint(wanted - (isPast ? before : hash));
      codec.write(w, value);
      if (isPast) w.uint(hash - wanted);
      w.copy(bytes, r.at, end);
      return 'written';
    },
    skip(r) {
      r.skipUint();
      for (let n = r.count(); n > 0; n--) {
        r.skipUint();
        codec.skip(r);
      }
    },
    gatherer: {
      create,
      merge,
      clear(s) {
        s.events = 0;
        s.bar = Number.POSITIVE_INFINITY;
        s.sample.clear();
      },
      absorb(into, r) {
        into.events += readCount(r);
        let hash = 0;
        for (let n = r.count(); n > 0; n--) {
          hash += r.uint();
          const value = codec.read(r) as ScalarValue;
          if (hash < into.bar) offer(into, hash, value, size);
        }
      },
    } satisfies Gatherer<EventSample>,
  };
}

export interface EventSample {
  /** How many events there were. */
  events: number;
  /** The greatest hash of a full sample; larger ones need not be looked at. */
  bar: number;
  /** Event hash → value. */
  readonly sample: Map<number, ScalarValue>;
}

/** Value → (estimated) count, largest first, ties by value. */
export function heavyHitterCounts(s: EventSample, size: number, top: number | undefined): Finished {
  trim(s, size);
  const counts = new Map<ScalarValue, number>();
  for (const value of s.sample.values()) counts.set(value, (counts.get(value) ?? 0) + 1);
  const scale = s.sample.size === 0 ? 1 : s.events / s.sample.size;
  const estimates: { readonly value: ScalarValue; readonly n: number }[] = [];
  for (const [value, n] of counts) estimates.push({ value, n: Math.round(n * scale) });
  const value = largestFirst(estimates, top);
  return s.events > s.sample.size ? { value, flag: 'estimated' } : { value };
}

function offer(s: EventSample, hash: number, value: ScalarValue, size: number): void {
  s.sample.set(hash, value);
  if (s.sample.size > size) {
    // Trim in strides, not one by one: a full scan for the greatest hash pays for many additions.
    if (s.sample.size >= size + slack(size)) trim(s, size);
  } else if (s.sample.size === size) {
    s.bar = greatest(s);
  }
}

const slack = (size: number): number => Math.max(1, size >> 3);

/** Brings a sample that was let grow by `slack` down to the `size` smallest hashes. */
function trim(s: EventSample, size: number): void {
  if (s.sample.size <= size) return;
  const hashes = [...s.sample.keys()].sort((a, b) => a - b);
  for (const hash of hashes.slice(size)) s.sample.delete(hash);
  s.bar = hashes[size - 1] as number;
}

function greatest(s: EventSample): number {
  let bar = -1;
  for (const hash of s.sample.keys()) if (hash > bar) bar = hash;
  return bar;
}

function eventHash(time: number, tie: Tie): number {
  const identity =
    typeof tie === 'object'
      ? mixHashes(mixHashes(hash53(tie.shard), hash53(tie.sequence)), hash53(tie.index))
      : hash53(tie);
  return mixHashes(identity, hash53(time));
}
