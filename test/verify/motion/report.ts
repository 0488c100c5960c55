import type { Difference } from './compare.ts';
import { type Fate, fates } from './ledger.ts';

/** What a run of the check came to. */
export interface MotionReport {
  vectors: number;
  /** Single values in them. */
  values: number;
  /** Vectors in which a value, the status or the time was wrong. */
  mismatches: number;
  /** The first of them, in words. */
  readonly examples: string[];
  /** Of the vectors, those read from a row that was ahead of its shard's progress: in the middle of a batch. */
  midBatch: number;
  /** Read just when tails of windows move, or 1 ms before. */
  onBoundary: number;
  /** Of rows that have runs. */
  spilled: number;
  /** Of entities without events. */
  unknown: number;
  /** Not compared, for the row was written while it was read. */
  passedOver: number;
  /** Events sent; of these refused at the door, for they are no JSON, or too large. */
  sent: number;
  refused: number;
  /** ms of the feed's time. */
  span: number;
  /** What became of the events in the log. */
  readonly fates: Readonly<Record<Fate, number>>;
  /** Where the service's own counts, at the end, are not those of the ledger. */
  readonly miscounted: string[];
}

export const emptyReport = (counts: MotionReport['fates']): MotionReport => ({
  vectors: 0,
  values: 0,
  mismatches: 0,
  examples: [],
  midBatch: 0,
  onBoundary: 0,
  spilled: 0,
  unknown: 0,
  passedOver: 0,
  sent: 0,
  refused: 0,
  span: 0,
  fates: counts,
  miscounted: [],
});

const mostExamples = 20;

export function addMismatch(
  report: MotionReport,
  what: string,
  asOf: number,
  differences: readonly Difference[],
): void {
  report.mismatches++;
  const [{ feature, read, expected }, ...others] = differences as [Difference, ...Difference[]];
  if (report.examples.length >= mostExamples) return;
  report.examples.push(
    `${what} as of ${new Date(asOf).toISOString()}, ${feature}: read ${shown(read)}, expected ${shown(expected)}` +
      (others.length > 0 ? `, and ${others.length} more` : ''),
  );
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 300) ?? 'undefined';

/** Where the service's counts of what became of the events are not those of the ledger. */
export function miscounted(
  service: Readonly<Partial<Record<Fate, number>>>,
  ledger: Readonly<Record<Fate, number>>,
): string[] {
  return fates
    .filter(fate => (service[fate] ?? 0) !== ledger[fate])
    .map(fate => `${fate}: ${service[fate] ?? 0} by the service, ${ledger[fate]} by the ledger`);
}
