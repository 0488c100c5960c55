/* A quantile sketch as lists of bins. */

export interface Sketch {
  zeros: number;
  readonly positive: Side;
  readonly negative: Side;
}

/** Bins in ascending order, and how many values each has. The last is the greatest that was met. */
export interface Side {
  bins: number[];
  counts: number[];
  joined: boolean;
}

export const maximumBins = 2048;

export const createSide = (): Side => ({ bins: [], counts: [], joined: false });

/** Adds `count` values of a bin. O(log bins), plus moving those behind a new one. */
export function addToSide(s: Side, bin: number, count: number): void {
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
  if (bins.length > maximumBins || (s.joined && isLargest)) joinSide(s);
}

/** Counts everything below the 2,048 bins that end at the largest one in the lowest of these. */
export function joinSide(s: Side): void {
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

/** Not by `splice`, which makes a list of what it removed. */
function insertAt(list: number[], at: number, x: number): void {
  for (let i = list.length; i > at; i--) list[i] = list[i - 1] as number;
  list[at] = x;
}
