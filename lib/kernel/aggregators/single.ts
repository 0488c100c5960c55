import { type ValueCodec, valueCodec } from '../codec/values.ts';
import { compareTies, type Tie } from '../compare.ts';
import type { Value, ValueType } from '../value-type.ts';
import type { RecentAggregator, TieCodec } from './aggregator.ts';

/** A value with its place in the events' order; of the empty partial the value is null. */
export interface Single {
  time: number;
  tie: Tie;
  value: Value;
}

/** first, last: the value whose event comes first or last. */
export function single(end: 'first' | 'last', input: ValueType, ties: TieCodec): RecentAggregator<Single> {
  const codec: ValueCodec = valueCodec(input);
  const sign = end === 'last' ? 1 : -1;

  function offer(p: Single, time: number, tie: Tie, value: Value): void {
    const later = (time - p.time) * sign;
    if (later > 0 || p.value === null || (later === 0 && compareTies(tie, p.tie) * sign > 0)) {
      p.time = time;
      p.tie = tie;
      p.value = value;
    }
  }

  return {
    shape: 'object',
    create: () => ({ time: 0.5, tie: '', value: null }),
    update: (p, value: Value, time, tie) => offer(p, time, tie, value),
    merge(into, from) {
      if (from.value !== null) offer(into, from.time, from.tie, from.value);
    },
    isEmpty: p => p.value === null,
    dropBefore(p, start) {
      if (p.time < start) p.value = null;
    },
    encode(w, p, origin) {
      if (p.value === null) {
        w.byte(0);
        return;
      }
      w.byte(1);
      w.int(p.time - origin);
      ties.write(w, p.tie);
      codec.write(w, p.value);
    },
    decode(r, origin) {
      if (r.byte() === 0) return { time: 0.5, tie: '', value: null };
      return { time: origin + r.int(), tie: ties.read(r), value: codec.read(r) };
    },
    skip(r) {
      if (r.byte() === 0) return;
      r.skipUint();
      ties.skip(r);
      codec.skip(r);
    },
  };
}
