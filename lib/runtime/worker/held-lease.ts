import type { Lease, LeaseStore } from './ports.ts';

/** A lease that this worker holds, for as long as nobody takes it. */
export interface HeldLease {
  readonly shard: string;
  /** Aborted when another worker has taken it. */
  readonly lost: AbortSignal;
  /** Through where records are settled; stored with the next write. */
  settled(sequence: number | bigint): void;
  /** Says that the owner lives. */
  renew(): Promise<void>;
  /** Gives it up; of a drained shard for good. */
  giveUp(options: { readonly isDrained: boolean }): Promise<void>;
}

/** `lease` is as it was stored last. Writes of one lease go one after the other, each on condition of the one before. */
export function holdLease(leases: LeaseStore, life: string, lease: Lease): HeldLease {
  const lost = new AbortController();
  let stored = lease;
  let { checkpoint } = lease;
  let last: Promise<unknown> = Promise.resolve();

  function write(change: Partial<Lease>): Promise<void> {
    const one = last.then(async () => {
      if (lost.signal.aborted) return;
      const next = { ...stored, checkpoint, ...change, counter: stored.counter + 1 };
      if (await leases.write(life, next)) stored = next;
      else lost.abort();
    });
    last = one.catch(() => {});
    return one;
  }

  return {
    shard: lease.shard,
    lost: lost.signal,
    settled(sequence) {
      checkpoint = sequence.toString();
    },
    renew: () => write({}),
    giveUp: ({ isDrained }) => write({ owner: null, isDrained }),
  };
}
