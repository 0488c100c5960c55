/** One figure of a benchmark. With a goal it holds when value ≥ goal, or ≤ where `lower` is better. */
export interface Result {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  /** The same quantity for the floor: the least that any implementation would have to do, measured in the same run. */
  readonly floor?: number;
  readonly goal?: number;
  readonly lower?: true;
  /** What bounds the figure. */
  readonly note?: string;
}

export interface BenchOptions {
  /** Runs of each measurement, of which the median counts. */
  readonly runs: number;
  /** Divides the sizes: for a smoke test, whose figures mean nothing. */
  readonly shrink: number;
  /** Called as the work goes on, with what is being done. */
  readonly progress: (what: string) => void;
}

export type Benchmark = (options: BenchOptions) => Promise<Result[]>;

export const passes = ({ value, goal, lower }: Result): boolean | undefined =>
  goal === undefined ? undefined : lower === true ? value <= goal : value >= goal;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Milliseconds that `work` takes. */
export function clocked(work: () => void): number {
  const from = performance.now();
  work();
  return performance.now() - from;
}

type Collect = (options?: { readonly type: 'minor' | 'major' }) => void;

export const collectGarbage = (): void => (globalThis as { gc?: Collect }).gc?.();

/**
 * Of young objects alone, so that what one part of a run leaves is not collected in the time of the next. A full
 * collection between two batches finds no object of most hidden classes, drops these, and V8 gives up all optimized code
 * that rests on them: a service, which collects in the middle of its batches, does not pay for that.
 */
export const collectYoungGarbage = (): void => (globalThis as { gc?: Collect }).gc?.({ type: 'minor' });

/** The value below or at which a share of the values lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
