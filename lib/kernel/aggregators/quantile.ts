import type { Reader, Writer } from '../codec/bytes.ts';
import type { Finished, ObjectAggregator } from './aggregator.ts';
import { readCount, writeCount } from './count.ts';

/**
 * DDSketch (Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
 * guarantees", VLDB 2019): counts of values by bins whose edges grow by γ = (1 + accuracy) / (1 − accuracy), so that
 * every answer is within `accuracy` of the true value, relatively. Negative values have bins of their own, zeros a
 * count.
 *
 * More than 2,048 bins of one sign: the bins nearest zero are joined, so that the 2,048 of largest magnitude keep
 * their promise (at 1 %, values within a factor of 10^17 of the largest). A joined sketch stays joined, which makes
 * the outcome independent of order; answers from it carry the flag `overflow`.
 */
export function quantileSketch(accuracy: number): ObjectAggregator<Sketch> {
  const logGamma = Math.log((1 + accuracy) / (1 - accuracy));
  return {
    shape: 'object',
    create: () => ({ zeros: 0, positive: side(), negative: side() }),
    update(s, value: number) {
      if (value === 0) {
        s.zeros++;
      } else {
        add(value > 0 ? s.positive : s.negative, Math.ceil(Math.log(Math.abs(value)) / logGamma), 1);
      }
    },
    merge(into, from) {
      into.zeros += from.zeros;
      mergeSide(into.positive, from.positive);
      mergeSide(into.negative, from.negative);
    },
    encode(w, s) {
      writeCount(w, s.zeros);
      encodeSide(w, s.positive);
      encodeSide(w, s.negative);
    },
    decode: r => ({ zeros: readCount(r), positive: decodeSide(r), negative: decodeSide(r) }),
  };
}

export interface Sketch {
  zeros: number;
  readonly positive: Side;
  readonly negative: Side;
}

interface Side {
  readonly bins: Map<number, number>;
  /** The greatest bin met. */
  largest: number;
  joined: boolean;
}

/** The value at rank ⌊q · (n − 1)⌋ in ascending order, or null when there is none. */
export function quantileOf(s: Sketch, q: number, accuracy: number): Finished {
  const gamma = (1 + accuracy) / (1 - accuracy);
  const n = s.zeros + total(s.negative) + total(s.positive);
  if (n === 0) return { value: null };
  // Written so that the bin of the greatest doubles does not overflow.
  const middle = (bin: number): number =>
    Math.min(gamma ** (bin - 1) * ((2 * gamma) / (gamma + 1)), Number.MAX_VALUE);
  const flag = s.negative.joined || s.positive.joined ? ({ flag: 'overflow' } as const) : {};
  let rank = Math.floor(q * (n - 1));
  for (const bin of sorted(s.negative).reverse()) {
    rank -= s.negative.bins.get(bin) as number;
    if (rank < 0) return { value: -middle(bin), ...flag };
  }
  rank -= s.zeros;
  if (rank < 0) return { value: 0, ...flag };
  const bins = sorted(s.positive);
  for (const bin of bins) {
    rank -= s.positive.bins.get(bin) as number;
    if (rank < 0) return { value: middle(bin), ...flag };
  }
  return { value: middle(bins.at(-1) as number), ...flag };
}

const maximumBins = 2048;

const side = (): Side => ({ bins: new Map(), largest: Number.NEGATIVE_INFINITY, joined: false });
const sorted = (s: Side): number[] => [...s.bins.keys()].sort((a, b) => a - b);

function total(s: Side): number {
  let n = 0;
  for (const count of s.bins.values()) n += count;
  return n;
}

function add(s: Side, bin: number, count: number): void {
  const at = s.joined ? Math.max(bin, s.largest - maximumBins + 1) : bin;
  s.bins.set(at, (s.bins.get(at) ?? 0) + count);
  if (at > s.largest) {
    s.largest = at;
    if (s.joined) join(s);
  }
  if (s.bins.size > maximumBins) join(s);
}

function mergeSide(into: Side, from: Side): void {
  if (from.joined && !into.joined) join(into);
  for (const [bin, count] of from.bins) add(into, bin, count);
}

/** Counts everything below the 2,048 bins that end at the largest one in the lowest of these. */
function join(s: Side): void {
  s.joined = true;
  const lowest = s.largest - maximumBins + 1;
  for (const [bin, count] of s.bins) {
    if (bin < lowest) {
      s.bins.delete(bin);
      s.bins.set(lowest, (s.bins.get(lowest) ?? 0) + count);
    }
  }
}

function encodeSide(w: Writer, s: Side): void {
  w.uint(s.bins.size * 2 + (s.joined ? 1 : 0));
  let before = 0;
  for (const bin of sorted(s)) {
    w.int(bin - before);
    writeCount(w, s.bins.get(bin) as number);
    before = bin;
  }
}

function decodeSide(r: Reader): Side {
  const header = r.uint();
  const s = side();
  s.joined = header % 2 === 1;
  let bin = 0;
  for (let n = Math.floor(header / 2); n > 0; n--) {
    bin += r.int();
    s.bins.set(bin, readCount(r));
    s.largest = bin;
  }
  return s;
}
