import { isSameLease, type Lease, type LeaseStore } from './ports.ts';

/** A lease that this worker holds, for as long as nobody takes it. */
export interface HeldLease {
  readonly shard: string;
  /** Aborted when another worker has taken it, or has asked for it. */
  readonly over: AbortSignal;
  isLost(): boolean;
  /** Through where records are settled; stored with the next write. */
  settled(sequence: number | bigint): void;
  /** Says that the owner lives. */
  renew(): Promise<void>;
  /** Gives it up: a drained shard for good, another one to who has asked for it, or to anybody. */
  giveUp(options: { readonly isDrained: boolean }): Promise<void>;
}

/** `lease` is as it was stored last. Writes of one lease go one after the other, each on condition of the one before. */
export function holdLease(leases: LeaseStore, life: string, lease: Lease): HeldLease {
  const over = new AbortController();
  let stored = lease;
  let { checkpoint } = lease;
  let isLost = false;
  let isGivenUp = false;
  let last: Promise<unknown> = Promise.resolve();

  async function write(change: (lease: Lease) => Partial<Lease>): Promise<void> {
    while (!isLost && !isGivenUp) {
      const next = { ...stored, checkpoint, ...change(stored), counter: stored.counter + 1 };
      const found = await leases.write(life, next);
      isLost = !isSameLease(found, next) && found.owner !== lease.owner;
      if (isLost || found.heir !== null) over.abort();
      stored = found;
      if (isSameLease(found, next)) return;
    }
  }

  function inTurn(change: (lease: Lease) => Partial<Lease>): Promise<void> {
    const one = last.then(() => write(change));
    last = one.catch(() => {});
    return one;
  }

  return {
    shard: lease.shard,
    over: over.signal,
    isLost: () => isLost,
    settled(sequence) {
      checkpoint = sequence.toString();
    },
    renew: () => inTurn(() => ({})),
    async giveUp({ isDrained }) {
      await inTurn(({ heir }) => ({ owner: isDrained ? null : heir, heir: null, isDrained }));
      isGivenUp = true;
    },
  };
}
