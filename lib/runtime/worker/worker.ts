import type { StateStore } from '../ports.ts';
import type { Transform } from '../transform-result.ts';
import { chooseLeases } from './choose-leases.ts';
import { type HeldLease, holdLease } from './held-lease.ts';
import {
  isSameLease,
  type Lease,
  type LeaseStore,
  type ShardSource,
  type StreamShard,
  type WorkerTime,
} from './ports.ts';
import { runShard, type SettledBatch } from './run-shard.ts';

export interface WorkerOptions {
  readonly source: ShardSource;
  readonly leases: LeaseStore;
  readonly transform: Transform;
  readonly store: Pick<StateStore, 'readProgress' | 'readNote' | 'writeNote'>;
  /** The life of the stream, which its leases and its progress belong to. */
  readonly incarnation: string;
  /** A name that no other worker has or had. */
  readonly owner: string;
  /** A worker that was not heard of for so long (ms) has lost its leases. All workers of a stream have to agree. */
  readonly leaseMs: number;
  /** How often (ms) the stream is asked for new shards. */
  readonly shardsMs: number;
  readonly batchRecords: number;
  readonly windowMs: number;
  readonly time: WorkerTime;
  /** The worker finishes the batches in hand, gives its leases up, and ends. */
  readonly signal: AbortSignal;
  observe(event: WorkerEvent): void;
}

export type WorkerEvent =
  | { readonly kind: 'lease'; readonly shard: string; readonly change: LeaseChange }
  | ({ readonly kind: 'batch'; readonly shard: string } & SettledBatch)
  /** It is tried again. Without a shard it is about finding and leasing shards. */
  | { readonly kind: 'trouble'; readonly shard: string | null; readonly error: unknown };

/** `taken` was free or handed over, `taken-over` had an owner that is gone; `lost` is what another has taken over. */
export type LeaseChange = 'taken' | 'taken-over' | 'lost' | 'given-up' | 'drained';

/**
 * Processes a stream together with other workers, each of its shards by one of them. A shard belongs to who holds its
 * lease and keeps renewing it; workers that come, go, or die are noticed by the leases alone, after `leaseMs` at most by
 * the watcher's own clock. Resolves when it was stopped; what fails meanwhile is tried again.
 *
 * Leases share the work; they do not make it right. A worker that was away for longer than its lease (a long pause of the
 * machine) finishes its batch beside the shard's new owner, and the transform counts every event once all the same.
 */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const { source, leases, store, incarnation, owner, leaseMs, shardsMs, time, signal, observe } = options;
  const renewMs = leaseMs / 3;
  const watch = createLeaseWatch(time, leaseMs);
  const held = new Map<string, { readonly lease: HeldLease; readonly ended: Promise<void> }>();
  let shards: { readonly list: readonly StreamShard[]; readonly at: number } | null = null;
  let woken = new AbortController();
  /** Whether another worker is to hand a shard over soon. */
  let isWaiting = false;
  const trouble = (shard: string | null) => (error: unknown) => observe({ kind: 'trouble', shard, error });

  async function balance(): Promise<void> {
    const listed =
      shards !== null && time.now() - shards.at < shardsMs
        ? shards
        : { list: await source.shards(), at: time.now() };
    shards = listed;
    const known = await leases.list(incarnation);
    watch.see(known);
    const { take, ask } = chooseLeases({
      shards: listed.list,
      leases: known,
      owner,
      isExpired: watch.isExpired,
      isBusy: shard => held.has(shard),
      random: time.random,
    });
    for (const lease of take) {
      if (!signal.aborted) await begin(lease);
    }
    for (const lease of ask) {
      if (!signal.aborted)
        await leases.write(incarnation, { ...lease, heir: owner, counter: lease.counter + 1 });
    }
    isWaiting = known.some(({ heir }) => heir === owner) || ask.length > 0;
  }

  async function begin(found: Lease): Promise<void> {
    const lease = { ...found, owner, heir: null, counter: found.counter + 1 };
    if (!isSameLease(await leases.write(incarnation, lease), lease)) return;
    const { shard } = lease;
    const isGone = found.owner !== null && found.owner !== owner;
    observe({ kind: 'lease', shard, change: isGone ? 'taken-over' : 'taken' });
    const mine = holdLease(leases, incarnation, lease);
    const ended = work(mine).finally(() => held.delete(shard));
    held.set(shard, { lease: mine, ended });
  }

  async function work(lease: HeldLease): Promise<void> {
    const { shard } = lease;
    const outcome = await runShard({
      shard,
      source,
      transform: options.transform,
      store,
      incarnation,
      batchRecords: options.batchRecords,
      windowMs: options.windowMs,
      time,
      signal: AbortSignal.any([signal, lease.over]),
      onBatch(batch) {
        if (batch.settled !== null) lease.settled(batch.settled);
        observe({ kind: 'batch', shard, ...batch });
      },
      onTrouble: trouble(shard),
    });
    const isDrained = outcome === 'drained';
    while (!lease.isLost()) {
      try {
        await lease.giveUp({ isDrained });
        break;
      } catch (error) {
        trouble(shard)(error);
        // It ends by itself; and who takes it then finds again that it is drained.
        if (signal.aborted) break;
        await time.sleep(renewMs, signal);
      }
    }
    observe({ kind: 'lease', shard, change: lease.isLost() ? 'lost' : isDrained ? 'drained' : 'given-up' });
    if (!isDrained) return;
    // What was made of it can begin.
    shards = null;
    woken.abort();
  }

  async function renewAll(): Promise<void> {
    await Promise.all([...held.values()].map(({ lease }) => lease.renew().catch(trouble(lease.shard))));
  }

  const over = new AbortController();
  const renewing = repeat(renewAll, () => time.sleep(renewMs, over.signal), over.signal);
  await repeat(
    () => balance().catch(trouble(null)),
    async () => {
      const ms = (isWaiting ? renewMs / 4 : renewMs) * (0.75 + time.random() / 2);
      await time.sleep(ms, AbortSignal.any([signal, woken.signal]));
      woken = new AbortController();
    },
    signal,
  );
  await Promise.all([...held.values()].map(({ ended }) => ended));
  over.abort();
  await renewing;
}

async function repeat(
  action: () => Promise<void>,
  pause: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await action();
    await pause();
  }
}

/** Tells by its own clock which owners are gone: theirs and ours may differ by any time. */
function createLeaseWatch(time: WorkerTime, leaseMs: number) {
  const seen = new Map<string, { readonly counter: number; readonly since: number }>();
  return {
    see(leases: readonly Lease[]): void {
      for (const { shard, counter } of leases) {
        if (seen.get(shard)?.counter !== counter) seen.set(shard, { counter, since: time.now() });
      }
    },
    isExpired({ shard, counter }: Lease): boolean {
      const last = seen.get(shard);
      return last?.counter === counter && time.now() - last.since >= leaseMs;
    },
  };
}
