import type { RowLimits } from '../../lib/runtime/rows.ts';
import type { FeedName } from './feed.ts';
import type { Random } from './random.ts';

/** How one world is: its feed, its stream and how often what fails. Chances are from 0 to 1. */
export interface Profile {
  readonly feed: FeedName;
  readonly events: number;
  readonly users: number;
  readonly items: number;
  readonly eventsPerSecond: number;
  readonly shards: number;
  /** Splits and merges, at random times. */
  readonly reshardings: number;
  /** The stream is deleted, once it is drained, and made anew under the same name. */
  readonly isRecreated: boolean;
  readonly limits: RowLimits;
  readonly mostRecordsInBatch: number;
  readonly timeoutMs: number;
  readonly replays: number;
  /** Partitions that take no writes for some seconds. */
  readonly outages: number;
  /** Rows whose bytes go bad, of groups that remember no ids. */
  readonly corruptions: number;
  /** Redrives of unapplied events while events are under way. */
  readonly redrives: number;
  /** Reads of features while events are under way. */
  readonly reads: number;
  readonly chances: {
    /** Of each record: it holds several events. Of each event: it is sent again; it is bad or late. */
    readonly packed: number;
    readonly copied: number;
    readonly bad: number;
    readonly late: number;
    /** Of each call that an attempt makes: it dies there. */
    readonly crash: number;
    /** Of each record: whoever processes it dies. */
    readonly endsProcess: number;
    /** Of each attempt: one of its calls takes very long. */
    readonly sleep: number;
    /** Of each failed batch: it is cut in two; it is given again with another end. */
    readonly bisect: number;
    readonly repoll: number;
    /** Of each row written. */
    readonly throttled: number;
    readonly failed: number;
    readonly lost: number;
    readonly landsLate: number;
    /** Of each other call to the store or the quarantine. */
    readonly callFails: number;
  };
}

export const profileNames = ['mixed', 'storm', 'damaged', 'calm'] as const;
export type ProfileName = (typeof profileNames)[number];

/**
 * Mixed: every world another. Storm: much fails at once. Damaged: rows go bad and records kill. Calm: nothing fails, only
 * the stream is as it is.
 */
export function drawProfile(
  random: Random,
  name: ProfileName,
  size: { least: number; most: number },
): Profile {
  const calm = name === 'calm';
  const damaged = name === 'damaged';
  const storm = name === 'storm' || damaged;
  const rate = (usual: number): number => {
    if (calm) return 0;
    return usual * (storm ? random.between(1, 4) : random.pick([0, 0.3, 1, 1, 2]));
  };
  const tiny = random.chance(0.35);
  const isRecreated = random.chance(0.2);
  const users = random.pick([8, 40, 200]);
  return {
    feed: random.pick(['home', 'home', 'ids', 'none']),
    events: random.between(size.least, size.most),
    users,
    items: random.pick([2, 10, 30]),
    eventsPerSecond: random.pick([200, 1_000, 4_000]),
    shards: random.between(1, 4),
    reshardings: random.between(0, 3),
    isRecreated,
    limits: tiny
      ? {
          headBytes: random.between(120, 500),
          runBytes: 2_000,
          itemBytes: random.chance(0.3) ? random.between(800, 2_500) : 400_000,
        }
      : { headBytes: 16_384, runBytes: 131_072 },
    mostRecordsInBatch: random.pick([20, 100, 400]),
    timeoutMs: random.pick([1_500, 4_000]),
    replays: calm ? 0 : random.pick([0, 0, 1, 2]),
    outages: calm ? 0 : random.between(0, storm ? 12 : 6),
    corruptions: calm ? 0 : damaged ? 20 : random.pick([0, 0, 3, 10]),
    redrives: calm ? 0 : damaged ? 20 : random.pick([1, 5]),
    reads: 25,
    chances: {
      packed: random.pick([0, 0.2, 0.5]),
      copied: random.pick([0.02, 0.1, 0.25]),
      // The quarantine knows no lives: their positions would meet there.
      bad: isRecreated ? 0 : random.pick([0, 0.005, 0.02]),
      late: isRecreated ? 0 : random.pick([0, 0.005, 0.02]),
      crash: rate(0.004),
      endsProcess: calm ? 0 : damaged ? 0.005 : random.pick([0, 0, 0.001, 0.004]),
      sleep: rate(0.04),
      bisect: random.pick([0, 0.5]),
      repoll: random.pick([0, 0.3]),
      throttled: rate(0.01),
      failed: rate(0.005),
      lost: rate(0.005),
      landsLate: rate(0.003),
      callFails: rate(0.004),
    },
  };
}
