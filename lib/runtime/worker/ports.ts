import type { LogRecord } from '../ports.ts';

/** What the worker needs of the world beside the transform's own ports. */

/** A stream whose shards are read by whoever wants to, each in order. Methods reject with StoreErrors. */
export interface ShardSource {
  /** All shards that are kept, closed ones too. */
  shards(): Promise<readonly StreamShard[]>;
  /** Reads a shard above `after`; where null, or where that is gone, from the oldest record kept. */
  open(shard: string, after: number | bigint | null): ShardReader;
}

export interface StreamShard {
  readonly id: string;
  /** The shards that it was made of by a split or a merge; those that are gone may be among them. */
  readonly parents: readonly string[];
}

export interface ShardReader {
  /** What comes next, `limit` records at most; after an error the same again. */
  read(limit: number): Promise<ShardPage>;
}

export interface ShardPage {
  readonly records: readonly LogRecord[];
  /** How old (ms) the shard's next record is; 0 where none is there. */
  readonly behindMs: number;
  /** The shard is closed, and these were its last records. */
  readonly isEnd: boolean;
}

/** Who processes a shard, and how far it came. */
export interface Lease {
  readonly shard: string;
  /** null where nobody does. */
  readonly owner: string | null;
  /** Who has asked for it: the owner hands it over, if it lives. */
  readonly heir: string | null;
  /** One more with every write. An owner that lives writes often: where it stands still, the owner is gone. */
  readonly counter: number;
  /** The sequence number that was settled last when this was written, for people: progress says where to read on. */
  readonly checkpoint: string | null;
  /** The shard is closed, and all its records are settled. */
  readonly isDrained: boolean;
}

/** The leases of streams' shards. Methods reject with StoreErrors. */
export interface LeaseStore {
  /** Strongly consistent; in no promised order. */
  list(life: string): Promise<readonly Lease[]>;
  /**
   * Writes a lease if the stored one has the counter before its own (1: if there is none). Gives the lease that is stored
   * now: this one, or the other that was in the way. Where it rejects, it is not known which.
   */
  write(life: string, lease: Lease): Promise<Lease>;
}

/** The lease of a shard that has none yet. */
export const noLease = (shard: string): Lease => ({
  shard,
  owner: null,
  heir: null,
  counter: 0,
  checkpoint: null,
  isDrained: false,
});

export const isSameLease = (a: Lease, b: Lease): boolean =>
  a.counter === b.counter &&
  a.owner === b.owner &&
  a.heir === b.heir &&
  a.checkpoint === b.checkpoint &&
  a.isDrained === b.isDrained;

/** Time as the worker goes by it. */
export interface WorkerTime {
  /** Milliseconds of a clock that is never set. */
  now(): number;
  /** Resolves when `ms` have passed, or at once when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to, not including, 1. */
  random(): number;
}
