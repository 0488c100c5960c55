import type { Reader, Writer } from '../codec/bytes.ts';
import type { Finished, ObjectAggregator } from './aggregator.ts';
import { readCount, writeCount } from './count.ts';
import { binGatherer } from './gather-bins.ts';
import { addToSide, createSide, joinSide, maximumBins, type Side, type Sketch } from './quantile-bins.ts';

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
  const binOf = (value: number): number => Math.ceil(Math.log(Math.abs(value)) / logGamma);
  return {
    shape: 'object',
    create,
    update(s, value: number) {
      if (value === 0) {
        s.zeros++;
      } else {
        addToSide(value > 0 ? s.positive : s.negative, binOf(value), 1);
      }
    },
    merge,
    refold(r, w, _, value: number) {
      const { bytes, at: from, end } = r;
      if (value === 0) {
        writeCount(w, readCount(r) + 1);
        w.copy(bytes, r.at, end);
        return 'written';
      }
      r.skipUint();
      if (value < 0) skipSide(r);
      w.copy(bytes, from, r.at);
      return refoldSide(r, w, binOf(value)) ? 'written' : 'open';
    },
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
    gatherer: binGatherer,
  };
}

const create = (): Sketch => ({ zeros: 0, positive: createSide(), negative: createSide() });

function merge(into: Sketch, from: Sketch): void {
  into.zeros += from.zeros;
  mergeSide(into.positive, from.positive);
  mergeSide(into.negative, from.negative);
}

/** The value at rank ⌊q · (n − 1)⌋ in ascending order, or null when there is none. */
export function quantileOf(s: Sketch, q: number, accuracy: number): Finished {
  const gamma = (1 + accuracy) / (1 - accuracy);
  const n = s.zeros + total(s.negative) + total(s.positive);
  if (n === 0) return { value: null };
  // Written so that the bin of the greatest doubles does not overflow.
  const middle = (bin: number): number =>
    Math.min(gamma ** (bin - 1) * ((2 * gamma) / (gamma + 1)), Number.MAX_VALUE);
  const isInexact = s.negative.joined || s.positive.joined;
  const finished = (value: number): Finished => (isInexact ? { value, flag: 'overflow' } : { value });
  let rank = Math.floor(q * (n - 1));
  for (let i = s.negative.bins.length - 1; i >= 0; i--) {
    rank -= s.negative.counts[i] as number;
    if (rank < 0) return finished(-middle(s.negative.bins[i] as number));
  }
  rank -= s.zeros;
  if (rank < 0) return finished(0);
  const { bins, counts } = s.positive;
  for (let i = 0; i < bins.length; i++) {
    rank -= counts[i] as number;
    if (rank < 0) return finished(middle(bins[i] as number));
  }
  return finished(middle(bins.at(-1) as number));
}

function total(s: Side): number {
  let n = 0;
  for (const count of s.counts) n += count;
  return n;
}

function mergeSide(into: Side, from: Side): void {
  for (let i = 0; i < from.bins.length; i++)
    addToSide(into, from.bins[i] as number, from.counts[i] as number);
  if (from.joined && !into.joined) joinSide(into);
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

/** Bins of an encoded side come in ascending order: each is appended. */
function decodeSide(r: Reader): Side {
  const side = createSide();
  const header = r.uint();
  let bin = 0;
  for (let n = Math.floor(header / 2); n > 0; n--) {
    bin += r.int();
    addToSide(side, bin, readCount(r));
  }
  if (header % 2 === 1) joinSide(side);
  return side;
}

/** Adds a value of a bin to the side that comes next, and copies what follows; false where it has to be decoded. */
function refoldSide(r: Reader, w: Writer, wanted: number): boolean {
  const { bytes, end } = r;
  const header = r.uint();
  const count = header / 2;
  if (header % 2 === 1 || count >= maximumBins) return false;
  const first = r.at;
  let before = 0;
  let bin = 0;
  let at = first;
  let isPast = false;
  for (let i = 0; i < count; i++) {
    before = bin;
    at = r.at;
    bin += r.int();
    isPast = bin >= wanted;
    if (isPast) break;
    r.skipUint();
    at = r.at;
  }
  if (isPast && bin === wanted) {
    w.uint(header);
    w.copy(bytes, first, r.at);
    writeCount(w, readCount(r) + 1);
  } else {
    w.uint(header + 2);
    w.copy(bytes, first, at);
    w.int(wanted - (isPast ? before : bin));
    writeCount(w, 1);
    if (isPast) w.int(bin - wanted);
  }
  w.copy(bytes, r.at, end);
  return true;
}

function skipSide(r: Reader): void {
  for (let n = Math.floor(r.uint() / 2); n > 0; n--) {
    r.skipUint();
    r.skipUint();
  }
}
