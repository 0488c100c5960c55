import type { MillraceError } from './errors.ts';
import type { LogRecord } from './ports.ts';

/** What became of the events of one batch, or of many. */
export interface TransformCounts {
  /** Folded into rows. */
  readonly accepted: number;
  /** Applied before, or copies under an id already seen. */
  readonly skipped: number;
  /** Quarantined for their time. */
  readonly late: number;
  /** Quarantined for what they are. */
  readonly bad: number;
  /** Not settled: to be tried again. */
  readonly failed: number;
}

export interface TransformResult extends TransformCounts {
  /** Of those skipped: copies under an id already seen. */
  readonly copies: number;
  /** Sequence numbers of the records that are to be given again, lowest first; none where all is settled. */
  readonly failures: readonly (number | bigint)[];
  /** What kept rows from being written, where it was an error. */
  readonly error: MillraceError | null;
}

export type Transform = (batch: {
  readonly shard: string;
  readonly records: readonly LogRecord[];
}) => Promise<TransformResult>;

export const noCounts: TransformCounts = { accepted: 0, skipped: 0, late: 0, bad: 0, failed: 0 };

export const addCounts = (a: TransformCounts, b: TransformCounts): TransformCounts => ({
  accepted: a.accepted + b.accepted,
  skipped: a.skipped + b.skipped,
  late: a.late + b.late,
  bad: a.bad + b.bad,
  failed: a.failed + b.failed,
});
