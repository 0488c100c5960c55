import type { Reader } from '../codec/bytes.ts';
import { type ValueCodec, valueCodec } from '../codec/values.ts';
import { compareScalars, compareTies, type Tie } from '../compare.ts';
import type { ScalarValue, Value, ValueType } from '../value-type.ts';
import type { ObjectAggregator, TieCodec } from './aggregator.ts';

/** The best values so far, best first; `ranks` are what they were ranked by. */
export interface Ranked {
  ranks: ScalarValue[];
  times: number[];
  ties: Tie[];
  values: NonNullable<Value>[];
}

/**
 * topK and bottomK: the `k` values with the largest or smallest rank. Without `orderBy` the value is its own rank
 * and neither times nor ties are kept; with it, of equal ranks the later event goes first.
 */
export function ranked(
  which: 'top' | 'bottom',
  k: number,
  input: ValueType,
  orderBy: ValueType | null,
  tieCodec: TieCodec,
): ObjectAggregator<Ranked> {
  const codec = valueCodec(input);
  const rankCodec: ValueCodec | null = orderBy === null ? null : valueCodec(orderBy);
  const sign = which === 'top' ? 1 : -1;

  function offer(p: Ranked, rank: ScalarValue, time: number, tie: Tie, value: NonNullable<Value>): void {
    let at = p.ranks.length;
    while (at > 0 && isBetter(p, at - 1, rank, time, tie)) at--;
    if (at >= k) return;
    p.ranks.splice(at, 0, rank);
    p.values.splice(at, 0, value);
    if (rankCodec !== null) {
      p.times.splice(at, 0, time);
      p.ties.splice(at, 0, tie);
    }
    if (p.ranks.length > k) {
      p.ranks.pop();
      p.values.pop();
      if (rankCodec !== null) {
        p.times.pop();
        p.ties.pop();
      }
    }
  }

  function isBetter(p: Ranked, i: number, rank: ScalarValue, time: number, tie: Tie): boolean {
    const byRank = compareScalars(rank, p.ranks[i] as ScalarValue) * sign;
    if (byRank !== 0 || rankCodec === null) return byRank > 0;
    const other = p.times[i] as number;
    return time !== other ? time > other : compareTies(tie, p.ties[i] as Tie) > 0;
  }

  function skipEntry(r: Reader): void {
    codec.skip(r);
    if (rankCodec === null) return;
    rankCodec.skip(r);
    r.skipUint();
    tieCodec.skip(r);
  }

  return {
    shape: 'object',
    create: () => ({ ranks: [], times: [], ties: [], values: [] }),
    update(p, value: NonNullable<Value>, time, tie, rank) {
      offer(p, (rankCodec === null ? value : rank) as ScalarValue, time, tie, value);
    },
    merge(into, from) {
      for (let i = 0; i < from.ranks.length; i++) {
        offer(
          into,
          from.ranks[i] as ScalarValue,
          (from.times[i] ?? 0) as number,
          (from.ties[i] ?? '') as Tie,
          from.values[i] as NonNullable<Value>,
        );
      }
    },
    encode(w, p, origin) {
      w.uint(p.ranks.length);
      for (let i = 0; i < p.ranks.length; i++) {
        codec.write(w, p.values[i] as NonNullable<Value>);
        if (rankCodec !== null) {
          rankCodec.write(w, p.ranks[i] as ScalarValue);
          w.int((p.times[i] as number) - origin);
          tieCodec.write(w, p.ties[i] as Tie);
        }
      }
    },
    decode(r, origin) {
      const p: Ranked = { ranks: [], times: [], ties: [], values: [] };
      const n = r.count();
      for (let i = 0; i < n; i++) {
        const value = codec.read(r);
        p.values.push(value);
        if (rankCodec === null) {
          p.ranks.push(value as ScalarValue);
        } else {
          p.ranks.push(rankCodec.read(r) as ScalarValue);
          p.times.push(origin + r.int());
          p.ties.push(tieCodec.read(r));
        }
      }
      return p;
    },
    refold(r, w, origin, value: NonNullable<Value>, time, tie, rank) {
      const { bytes, end } = r;
      const offered = (rankCodec === null ? value : rank) as ScalarValue;
      const n = r.count();
      const first = r.at;
      let at = first;
      let last = first;
      let isPlaced = false;
      for (let i = 0; i < n; i++) {
        last = r.at;
        const theirs = codec.read(r);
        const rankOf = rankCodec === null ? theirs : rankCodec.read(r);
        const better = compareScalars(offered, rankOf as ScalarValue) * sign;
        // Of equal ranks the later goes first; which of one time does, their ties say.
        let later = 0;
        if (rankCodec !== null) {
          later = time - origin - r.int();
          tieCodec.skip(r);
          if (better === 0 && later === 0) return 'open';
        }
        if (!isPlaced && (better > 0 || (better === 0 && later > 0))) {
          isPlaced = true;
          at = last;
        }
      }
      if (!isPlaced) {
        if (n === k) return 'same';
        at = r.at;
      }
      w.uint(Math.min(n + 1, k));
      w.copy(bytes, first, at);
      codec.write(w, value);
      if (rankCodec !== null) {
        rankCodec.write(w, offered);
        w.int(time - origin);
        tieCodec.write(w, tie);
      }
      w.copy(bytes, at, n === k ? last : end);
      return n > k ? 'open' : 'written';
    },
    skip(r) {
      for (let n = r.count(); n > 0; n--) skipEntry(r);
    },
  };
}
