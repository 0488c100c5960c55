import type { LogRecord, StateStore } from '../../../lib/runtime/ports.ts';
import type { LeaseStore } from '../../../lib/runtime/worker/ports.ts';
import { runWorker, type WorkerEvent } from '../../../lib/runtime/worker/worker.ts';
import { createMemoryLeases } from '../../support/memory-leases.ts';
import { createMemoryShards } from '../../support/memory-shards.ts';
import { createMemoryStateStore } from '../../support/memory-state-store.ts';
import { createWorld, incarnation, record, type World } from '../../support/plays.ts';
import { createTestTime } from '../../support/worker-time.ts';

export const leaseMs = 9_000;

interface Scene extends World {
  /** Called before each look at the stream's shards (null), and each read of one. */
  readonly onRead?: (shard: string | null) => void;
  /** Called before each attempt at a batch. */
  readonly onAttempt?: (shard: string, sequences: readonly number[]) => void | Promise<void>;
  readonly random?: () => number;
}

/** A stream, its leases, what is made of it, and workers that come and go. */
export function createScene({ onRead, onAttempt, random, ...world }: Scene = {}) {
  const { memory, newTransform, ...seen } = createWorld(world);
  const time = createTestTime(random);
  const leases = createMemoryLeases();
  const stream = createMemoryShards((_, shard) => onRead?.(shard));
  let sequence = 0n;

  return {
    ...seen,
    time,
    leases,
    stream,
    owners: () =>
      Object.fromEntries([...(leases.memory.get(incarnation)?.values() ?? [])].map(l => [l.shard, l.owner])),
    /** Puts so many plays of a user into a shard, and gives the last one's sequence number. */
    play(shard: string, user: string, times: number): bigint {
      for (let i = 0; i < times; i++) stream.put(shard, record(++sequence, { user }, { shard }));
      return sequence;
    },
    plays: async (): Promise<Record<string, unknown>> =>
      Object.fromEntries(
        Object.entries(await seen.values('user_plays')).map(([user, values]) => [
          user,
          values.plays_lifetime,
        ]),
      ),
    /** `freezeAt`: at which of the store's operations, from its first batch on, it freezes. */
    start(
      owner: string,
      { freezeAt = 0, ...options }: { readonly batchRecords?: number; readonly freezeAt?: number } = {},
    ) {
      const stopping = new AbortController();
      const events: WorkerEvent[] = [];
      let gate: { readonly open: Promise<void>; release(): void } | null = null;
      const passGate = async () => gate?.open;
      let operations = 0;
      const before = () => {
        if (attempts.length > 0 && ++operations === freezeAt) freeze();
        return passGate();
      };
      /** As SIGSTOP does: it waits at whatever it does next. */
      function freeze() {
        let release = () => {};
        const open = new Promise<void>(resolve => {
          release = resolve;
        });
        gate = { open, release };
      }
      const store = createMemoryStateStore({ ...world, before }, memory);
      const transform = newTransform(store);
      /** The shard and the sequence numbers of each attempt at a batch. */
      const attempts: { readonly shard: string; readonly sequences: number[]; readonly at: number }[] = [];
      const gated: LeaseStore = {
        list: life => passGate().then(() => leases.list(life)),
        write: (life, lease) => passGate().then(() => leases.write(life, lease)),
      };
      const ended = runWorker({
        source: stream,
        leases: gated,
        store: store as StateStore,
        incarnation,
        owner,
        leaseMs,
        shardsMs: 10_000,
        batchRecords: 4,
        windowMs: 1_000,
        time,
        signal: stopping.signal,
        observe: event => events.push(event),
        async transform(batch) {
          const sequences = batch.records.map((r: LogRecord) => Number(r.sequence));
          attempts.push({ shard: batch.shard, sequences, at: time.now() });
          await onAttempt?.(batch.shard, sequences);
          return transform(batch);
        },
        ...options,
      });
      return {
        events,
        attempts,
        changes: () => events.flatMap(e => (e.kind === 'lease' ? [`${e.change} ${e.shard}`] : [])),
        troubles: () => events.flatMap(e => (e.kind === 'trouble' ? [(e.error as Error).message] : [])),
        settledRecords: () => events.reduce((sum, e) => sum + (e.kind === 'batch' ? e.records.length : 0), 0),
        freeze,
        isFrozen: () => gate !== null,
        thaw() {
          gate?.release();
          gate = null;
        },
        async stop() {
          stopping.abort();
          await ended;
        },
        /** Asks it to stop, and does not wait. */
        stopping: () => stopping.abort(),
        ended,
      };
    },
  };
}
