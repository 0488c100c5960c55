import { Reader } from '../codec/bytes.ts';
import { type ValueCodec, valueCodec } from '../codec/values.ts';
import { compareTies, type Tie } from '../compare.ts';
import type { Value, ValueType } from '../value-type.ts';
import type { RecentAggregator, TieCodec } from './aggregator.ts';

/** A value with its place in the events' order. Of an empty partial the value is null, and nothing is encoded. */
export interface Single {
  time: number;
  tie: Tie;
  value: Value;
  /** Where the tie and the value still lie: most updates replace or keep them without a look. */
  encoded: Uint8Array | null;
  from: number;
  to: number;
  readonly codecs: Codecs;
}

interface Codecs {
  readonly ties: TieCodec;
  readonly values: ValueCodec;
}

/** first, last: the value whose event comes first or last. */
export function single(end: 'first' | 'last', input: ValueType, ties: TieCodec): RecentAggregator<Single> {
  const codecs: Codecs = { ties, values: valueCodec(input) };
  const sign = end === 'last' ? 1 : -1;
  const create = (): Single => ({ time: 0.5, tie: '', value: null, encoded: null, from: 0, to: 0, codecs });
  const isEmpty = (p: Single): boolean => p.value === null && p.encoded === null;

  function offer(p: Single, time: number, tie: Tie, value: Value): void {
    const later = (time - p.time) * sign;
    if (later === 0) open(p);
    if (later > 0 || isEmpty(p) || (later === 0 && compareTies(tie, p.tie) * sign > 0)) {
      p.time = time;
      p.tie = tie;
      p.value = value;
      p.encoded = null;
    }
  }

  const aggregator: RecentAggregator<Single> = {
    shape: 'object',
    create,
    update: (p, value: Value, time, tie) => offer(p, time, tie, value),
    merge(into, from) {
      open(from);
      if (from.value !== null) offer(into, from.time, from.tie, from.value);
    },
    isEmpty,
    dropBefore(p, start) {
      if (p.time >= start) return;
      p.value = null;
      p.encoded = null;
    },
    encode(w, p, origin) {
      if (isEmpty(p)) {
        w.byte(0);
        return;
      }
      w.byte(1);
      w.int(p.time - origin);
      if (p.encoded !== null) {
        w.copy(p.encoded, p.from, p.to);
      } else {
        ties.write(w, p.tie);
        codecs.values.write(w, p.value as NonNullable<Value>);
      }
    },
    decode(r, origin) {
      const p = create();
      if (r.byte() === 0) return p;
      p.time = origin + r.int();
      p.encoded = r.bytes;
      p.from = r.at;
      ties.skip(r);
      codecs.values.skip(r);
      p.to = r.at;
      return p;
    },
    skip(r) {
      if (r.byte() === 0) return;
      r.skipUint();
      ties.skip(r);
      codecs.values.skip(r);
    },
    refold(r, _, origin, __, time) {
      if (r.byte() === 0) return 'open';
      return (time - origin - r.int()) * sign < 0 ? 'same' : 'open';
    },
    writeKept: (w, p, origin) => aggregator.encode(w, p, origin),
    readKept: (r, origin) => aggregator.decode(r, origin),
    skipKept: r => aggregator.skip(r),
  };
  return aggregator;
}

/** The value, or null of an empty partial. */
export function singleValue(p: Single): Value {
  open(p);
  return p.value;
}

function open(p: Single): void {
  if (p.encoded === null) return;
  const { ties, values } = p.codecs;
  reader.reset(p.encoded, p.from, p.to);
  const tie = ties.read(reader);
  p.value = values.read(reader);
  p.tie = tie;
  p.encoded = null;
}

const reader = new Reader(new Uint8Array());
