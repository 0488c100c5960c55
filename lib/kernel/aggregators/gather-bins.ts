import { CorruptBytesError, type Reader } from '../codec/bytes.ts';
import type { Gatherer } from './aggregator.ts';
import { readCount } from './count.ts';
import { addToSide, createSide, joinSide, maximumBins, type Side, type Sketch } from './quantile-bins.ts';

/** A quantile sketch that is only asked for its quantiles: the bins of a sign lie in a ring, by their number. */
export interface GatheredBins {
  zeros: number;
  readonly positive: GatheredSide;
  readonly negative: GatheredSide;
}

interface GatheredSide {
  /** The least and the greatest bin; nothing lies in between while low > high. */
  low: number;
  high: number;
  /** Counts by the last bits of the bin's number: fewer bins than places lie between the two. */
  readonly ring: Float64Array;
  /** Takes the ring's place where values lie too far apart for it, or were joined. */
  lists: Side | null;
}

/** Gathers encoded sketches as `quantileSketch` merges them. A bin takes an addition, and no search for its place. */
export const binGatherer: Gatherer<GatheredBins> = {
  create: () => ({ zeros: 0, positive: emptySide(), negative: emptySide() }),
  clear(g) {
    g.zeros = 0;
    clear(g.positive);
    clear(g.negative);
  },
  absorb(g, r) {
    g.zeros += readCount(r);
    absorb(g.positive, r);
    absorb(g.negative, r);
  },
  merge(into, from) {
    into.zeros += from.zeros;
    merge(into.positive, from.positive);
    merge(into.negative, from.negative);
  },
};

/** What was gathered as a sketch. */
export const sketchOf = ({ zeros, positive, negative }: GatheredBins): Sketch => ({
  zeros,
  positive: listsOf(positive),
  negative: listsOf(negative),
});

const places = maximumBins;

const emptySide = (): GatheredSide => ({
  low: Number.POSITIVE_INFINITY,
  high: Number.NEGATIVE_INFINITY,
  ring: new Float64Array(places),
  lists: null,
});

function clear(side: GatheredSide): void {
  for (let bin = side.low; bin <= side.high; bin++) side.ring[bin & (places - 1)] = 0;
  side.low = Number.POSITIVE_INFINITY;
  side.high = Number.NEGATIVE_INFINITY;
  side.lists = null;
}

function absorb(side: GatheredSide, r: Reader): void {
  const header = r.uint();
  let bin = 0;
  for (let n = Math.floor(header / 2); n > 0; n--) {
    bin += r.int();
    if (bin !== (bin | 0))
      throw new CorruptBytesError(`sketch bin ${bin} at byte ${r.at}: there is none so far`);
    add(side, bin, readCount(r));
  }
  if (header % 2 === 1) join(side);
}

function merge(into: GatheredSide, from: GatheredSide): void {
  const { bins, counts, joined } = listsOf(from);
  for (let i = 0; i < bins.length; i++) add(into, bins[i] as number, counts[i] as number);
  if (joined) join(into);
}

function add(side: GatheredSide, bin: number, count: number): void {
  if (side.lists === null) {
    const low = bin < side.low ? bin : side.low;
    const high = bin > side.high ? bin : side.high;
    if (high - low < places) {
      side.low = low;
      side.high = high;
      side.ring[bin & (places - 1)]! += count;
      return;
    }
    side.lists = listsOf(side);
  }
  addToSide(side.lists, bin, count);
}

function join(side: GatheredSide): void {
  side.lists ??= listsOf(side);
  if (!side.lists.joined) joinSide(side.lists);
}

function listsOf({ low, high, ring, lists }: GatheredSide): Side {
  if (lists !== null) return lists;
  const side = createSide();
  for (let bin = low; bin <= high; bin++) {
    const count = ring[bin & (places - 1)] as number;
    if (count === 0) continue;
    side.bins.push(bin);
    side.counts.push(count);
  }
  return side;
}
