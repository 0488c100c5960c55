import type { Reader, Writer } from '../codec/bytes.ts';
import type { Finished, Gatherer, ObjectAggregator } from './aggregator.ts';
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
    create,
    update(s, value: number) {
      if (value === 0) {
        s.zeros++;
      } else {
        add(value > 0 ? s.positive : s.negative, Math.ceil(Math.log(Math.abs(value)) / logGamma), 1);
      }
    },
    merge,
    encode(w, s) {
      writeCount(w, s.zeros);
      encodeSide(w, s.positive);
      encodeSide(w, s.negative);
    },
    decode: r => ({ zeros: readCount(r), positive: decodeSide(r), negative: decodeSide(r) }),
    skip(r) {
      r.skipUint();
      skipSide(r);
      skipSide(r);
    },
    gatherer,
  };
}

export interface Sketch {
  zeros: number;
  readonly positive: Side;
  readonly negative: Side;
}

const create = (): Sketch => ({ zeros: 0, positive: side(), negative: side() });

function merge(into: Sketch, from: Sketch): void {
  into.zeros += from.zeros;
  mergeSide(into.positive, from.positive);
  mergeSide(into.negative, from.negative);
}

const gatherer: Gatherer<Sketch> = {
  create,
  merge,
  clear(s) {
    s.zeros = 0;
    clearSide(s.positive);
    clearSide(s.negative);
  },
  absorb(into, r) {
    into.zeros += readCount(r);
    absorbSide(into.positive, r);
    absorbSide(into.negative, r);
  },
};

/** Bins in ascending order, and how many values each has. The last is the greatest that was met. */
interface Side {
  bins: number[];
  counts: number[];
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
  for (let i = s.negative.bins.length - 1; i >= 0; i--) {
    rank -= s.negative.counts[i] as number;
    if (rank < 0) return { value: -middle(s.negative.bins[i] as number), ...flag };
  }
  rank -= s.zeros;
  if (rank < 0) return { value: 0, ...flag };
  const { bins, counts } = s.positive;
  for (let i = 0; i < bins.length; i++) {
    rank -= counts[i] as number;
    if (rank < 0) return { value: middle(bins[i] as number), ...flag };
  }
  return { value: middle(bins.at(-1) as number), ...flag };
}

const maximumBins = 2048;

const side = (): Side => ({ bins: [], counts: [], joined: false });

function total(s: Side): number {
  let n = 0;
  for (const count of s.counts) n += count;
  return n;
}

function add(s: Side, bin: number, count: number): void {
  const { bins, counts } = s;
  const lowest = s.joined ? (bins.at(-1) as number) - maximumBins + 1 : bin;
  const wanted = Math.max(bin, lowest);
  let high = bins.length;
  let low = high > 0 && (bins[high - 1] as number) < wanted ? high : 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bins[middle] as number) < wanted) low = middle + 1;
    else high = middle;
  }
  if (bins[low] === wanted) {
    counts[low] = (counts[low] as number) + count;
    return;
  }
  const isLargest = low === bins.length;
  insertAt(bins, low, wanted);
  insertAt(counts, low, count);
  if (bins.length > maximumBins || (s.joined && isLargest)) join(s);
}

function mergeSide(into: Side, from: Side): void {
  for (let i = 0; i < from.bins.length; i++) add(into, from.bins[i] as number, from.counts[i] as number);
  if (from.joined && !into.joined) join(into);
}

/** Counts everything below the 2,048 bins that end at the largest one in the lowest of these. */
function join(s: Side): void {
  s.joined = true;
  const { bins, counts } = s;
  const lowest = (bins.at(-1) as number) - maximumBins + 1;
  let below = 0;
  let n = 0;
  while ((bins[n] as number) < lowest) below += counts[n++] as number;
  if (below === 0) return;
  if (bins[n] === lowest) counts[n] = (counts[n] as number) + below;
  else {
    bins.splice(n, 0, lowest);
    counts.splice(n, 0, below);
  }
  bins.splice(0, n);
  counts.splice(0, n);
}

function encodeSide(w: Writer, { bins, counts, joined }: Side): void {
  w.uint(bins.length * 2 + (joined ? 1 : 0));
  let before = 0;
  for (let i = 0; i < bins.length; i++) {
    w.int((bins[i] as number) - before);
    writeCount(w, counts[i] as number);
    before = bins[i] as number;
  }
}

function decodeSide(r: Reader): Side {
  const s = side();
  absorbSide(s, r);
  return s;
}

/** Bins of an encoded side come in ascending order: the place of each is found from that of the one before. */
function absorbSide(into: Side, r: Reader): void {
  const { bins, counts } = into;
  const header = r.uint();
  let bin = 0;
  let at = 0;
  for (let n = Math.floor(header / 2); n > 0; n--) {
    bin += r.int();
    const count = readCount(r);
    while (at < bins.length && (bins[at] as number) < bin) at++;
    const isAfter = at === 0 || (bins[at - 1] as number) < bin;
    if (into.joined || !isAfter || bins.length >= maximumBins) {
      add(into, bin, count);
      at = 0;
    } else if (bins[at] === bin) counts[at] = (counts[at] as number) + count;
    else {
      insertAt(bins, at, bin);
      insertAt(counts, at, count);
    }
  }
  if (header % 2 === 1 && !into.joined) join(into);
}

function skipSide(r: Reader): void {
  for (let n = Math.floor(r.uint() / 2); n > 0; n--) {
    r.skipUint();
    r.skipUint();
  }
}

function clearSide(s: Side): void {
  s.bins.length = 0;
  s.counts.length = 0;
  s.joined = false;
}

/** Not by `splice`, which makes a list of what it removed. */
function insertAt(list: number[], at: number, x: number): void {
  for (let i = list.length; i > at; i--) list[i] = list[i - 1] as number;
  list[at] = x;
}
