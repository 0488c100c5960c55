import { compareInShard, idRunForm } from '../../lib/kernel/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type {
  QuarantinedEvent,
  RowWrite,
  ShardProgress,
  StateStore,
  StoredRow,
  UnappliedEvent,
  UnappliedStore,
  WriteOutcome,
} from '../../lib/runtime/ports.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import type { Client } from './client.ts';
import type { Fault } from './faults.ts';
import type { Scheduler } from './scheduler.ts';

/** What is stored, as it is at this moment. */
export interface Stored {
  readonly tables: Map<string, Map<string, StoredRow>>;
  readonly runs: Map<string, Map<string, Uint8Array>>;
  /** By life of the stream and shard. */
  readonly progress: Map<string, Map<string, ShardProgress>>;
  /** By life of the stream and name. */
  readonly notes: Map<string, Map<string, string>>;
  /** By shard, sequence and index. */
  readonly quarantine: Map<string, QuarantinedEvent>;
  readonly unapplied: UnappliedStore;
}

/** All that is stored, as one client reaches it. */
export interface Connection extends StateStore {
  put(events: readonly QuarantinedEvent[]): Promise<void>;
  readonly unapplied: UnappliedStore;
}

export interface SimulatedStore {
  readonly stored: Stored;
  /** The store as one client reaches it: every call takes time, other clients' come between, and may fail. */
  connect(client: Client): Connection;
  /** Takes no writes to a part of a table's rows until then. */
  closePartition(table: string, partition: number, until: number): void;
}

export interface SimulatedStoreOptions {
  /** False in a world that shows what the write's condition is for. */
  readonly checksConditions: boolean;
}

export const partitions = 5;

export function createSimulatedStore(scheduler: Scheduler, options: SimulatedStoreOptions): SimulatedStore {
  const unapplied = createMemoryUnapplied();
  const stored: Stored = {
    tables: new Map(),
    runs: new Map(),
    progress: new Map(),
    notes: new Map(),
    quarantine: new Map(),
    unapplied,
  };
  const closed = new Map<string, number>();
  const rowsOf = (table: string) => entry(stored.tables, table);
  const runsOf = (table: string) => entry(stored.runs, table);

  /** A call that takes effect at one moment. */
  function call<T>(client: Client, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      scheduler.after(client.delay(), () => {
        client.step('before');
        if (client.isDead) return;
        try {
          const result = effect();
          client.step('after');
          if (!client.isDead) resolve(result);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** A call on several things, each of which may take effect at its own moment. */
  function callOnEach<T, R>(
    client: Client,
    things: readonly T[],
    effect: (thing: T) => R,
    between: 'before' | 'between' = 'before',
  ): Promise<R[]> {
    if (things.length <= 1 || client.random.chance(0.3)) return call(client, () => things.map(effect));
    const results: R[] = Array(things.length);
    const moments = Math.min(things.length, 4);
    const parts: number[][] = Array.from({ length: moments }, () => []);
    for (let i = 0; i < things.length; i++) (parts[client.random.below(moments)] as number[]).push(i);
    let waiting = moments;
    return new Promise((resolve, reject) => {
      for (const part of parts) {
        scheduler.after(client.delay(), () => {
          client.step(waiting === moments ? 'before' : between);
          if (client.isDead) return;
          try {
            for (const i of part) results[i] = effect(things[i] as T);
            if (--waiting > 0) return;
            client.step('after');
            if (!client.isDead) resolve(results);
          } catch (error) {
            reject(error);
          }
        });
      }
    });
  }

  function failSometimes(client: Client, fault: Fault, what: string): void {
    if (!client.random.chance(client.chances.callFails)) return;
    client.counts[fault]++;
    throw new StoreError(client.random.chance(0.5) ? 'throttled' : 'unavailable', what);
  }

  function isClosed(table: string, key: string): boolean {
    const until = closed.get(`${table} ${partitionOf(key)}`);
    return until !== undefined && scheduler.now() < until;
  }

  function apply(table: string, write: RowWrite): 'written' | 'conflict' {
    const rows = rowsOf(table);
    const version = rows.get(write.key)?.version ?? 0;
    if (options.checksConditions && version !== write.expected) return 'conflict';
    rows.set(write.key, { version: write.version, bytes: write.bytes });
    return 'written';
  }

  function writeRow(client: Client, table: string, write: RowWrite): WriteOutcome {
    const { random, chances, counts } = client;
    if (isClosed(table, write.key)) {
      counts.throttled++;
      return 'throttled';
    }
    if (random.chance(chances.throttled)) {
      counts.throttled++;
      return 'throttled';
    }
    if (random.chance(chances.failed)) {
      counts.failedWrite++;
      return 'failed';
    }
    if (random.chance(chances.landsLate)) {
      scheduler.after(random.chance(0.7) ? random.below(200) : random.below(30_000), () => {
        if (apply(table, write) === 'written') counts.landedLate++;
      });
      return 'failed';
    }
    const outcome = apply(table, write);
    if (outcome === 'conflict') counts.conflict++;
    else if (random.chance(chances.lost)) {
      counts.lostResponse++;
      return 'failed';
    }
    return outcome;
  }

  const connect: SimulatedStore['connect'] = client => ({
    read(table, keys) {
      return callOnEach(client, keys, key => rowsOf(table).get(key) ?? null).then(rows => {
        failSometimes(client, 'readFailed', `read of ${table}`);
        return rows;
      });
    },
    write: (table, writes) => callOnEach(client, writes, write => writeRow(client, table, write), 'between'),
    writeRuns: (table, runs) =>
      call(client, () => {
        failSometimes(client, 'runsFailed', `write of runs of ${table}`);
        client.counts.spilled++;
        for (const { id, bytes } of runs) {
          if (bytes[0] === idRunForm) client.counts.idsSpilled++;
          runsOf(table).set(id, bytes);
        }
      }),
    readRuns: (table, ids) =>
      call(client, () => {
        failSometimes(client, 'runsFailed', `read of runs of ${table}`);
        const found = ids.map(id => runsOf(table).get(id) ?? null);
        if (found[0]?.[0] === idRunForm) client.counts.idsRead++;
        return found;
      }),
    deleteRuns: (table, ids) =>
      call(client, () => {
        client.counts.settledRuns++;
        for (const id of ids) runsOf(table).delete(id);
      }),
    async readProgress(life) {
      const progress = entry(stored.progress, life);
      if (progress.size < 2 || !client.random.chance(0.1)) {
        return call(client, () => {
          failSometimes(client, 'progressReadFailed', 'read of progress');
          return new Map(progress);
        });
      }
      client.counts.progressTorn++;
      const shards = [...progress.keys()];
      const found = await callOnEach(client, shards, shard => progress.get(shard) as ShardProgress);
      return new Map(shards.map((shard, i) => [shard, found[i] as ShardProgress]));
    },
    advanceProgress: (life, shard, to) =>
      call(client, () => {
        failSometimes(client, 'advanceFailed', 'move of progress');
        const progress = entry(stored.progress, life);
        const known = progress.get(shard);
        if (known === undefined || compareInShard(known, to) < 0) progress.set(shard, to);
        failSometimes(client, 'advanceLost', 'response of a move of progress');
      }),
    put: events =>
      call(client, () => {
        failSometimes(client, 'quarantineFailed', 'put to the quarantine');
        for (const event of events) stored.quarantine.set(positionKey(event.position), event);
        failSometimes(client, 'quarantineLost', 'response of a put to the quarantine');
      }),
    readNote: (life, name) => call(client, () => entry(stored.notes, life).get(name) ?? null),
    writeNote: (life, name, text) =>
      call(client, () => {
        entry(stored.notes, life).set(name, text);
      }),
    async *scan(table) {
      yield* [...rowsOf(table).keys()];
    },
    unapplied: {
      async put(events) {
        await call(client, () => {
          failSometimes(client, 'unappliedFailed', 'put of unapplied events');
          for (const { reason } of events) client.counts[reason === 'crash' ? 'endedProcess' : 'faultyRow']++;
          void unapplied.put(events);
        });
      },
      async list(filter) {
        let found: Promise<readonly (UnappliedEvent & { readonly id: string })[]> = Promise.resolve([]);
        await call(client, () => {
          found = unapplied.list(filter);
        });
        return found;
      },
      async remove(ids) {
        await call(client, () => void unapplied.remove(ids));
      },
      count: () => unapplied.count(),
    },
  });

  return {
    stored,
    connect,
    closePartition: (table, partition, until) => closed.set(`${table} ${partition}`, until),
  };
}

export const positionKey = (p: {
  readonly shard: string;
  readonly sequence: number | bigint;
  readonly index: number;
}): string => `${p.shard}/${p.sequence}/${p.index}`;

function partitionOf(key: string): number {
  let sum = 0;
  for (let i = 0; i < key.length; i++) sum += key.charCodeAt(i) * (i + 1);
  return sum % partitions;
}

function entry<T>(maps: Map<string, Map<string, T>>, name: string): Map<string, T> {
  let map = maps.get(name);
  if (map === undefined) {
    map = new Map();
    maps.set(name, map);
  }
  return map;
}
