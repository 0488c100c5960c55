import { StoreError } from '../../lib/runtime/errors.ts';
import { redriveUnapplied } from '../../lib/runtime/redrive-unapplied.ts';
import type { Client } from './client.ts';
import type { FaultCounts } from './faults.ts';
import { feeds } from './feed.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedStore, Stored } from './store.ts';
import { undisturbed } from './undisturbed.ts';
import type { RedriveWeakening } from './weaken.ts';

export interface RedrivesOptions {
  readonly scheduler: Scheduler;
  readonly store: SimulatedStore;
  readonly profile: Profile;
  readonly random: Random;
  readonly counts: FaultCounts;
  readonly problem: (what: string) => void;
  readonly weakening: RedriveWeakening | null;
}

/** Redrives unapplied events while others are under way, by people whose programs die as well. */
export function createRedrives(options: RedrivesOptions): () => void {
  const { scheduler, store, profile, random, counts, problem, weakening } = options;
  return () => {
    counts.redrive++;
    if (random.chance(0.7)) mendBytes(store.stored);
    const client = redrivingClient(profile, random, counts);
    const direct = store.connect(client);
    const connection =
      weakening === null ? direct : { ...direct, ...weakening(direct, profile.feed, store.stored) };
    redriveUnapplied({
      ...feeds[profile.feed],
      store: connection,
      unapplied: connection.unapplied,
      clock: scheduler,
      limits: random.chance(0.5) ? profile.limits : { ...profile.limits, itemBytes: 400_000 },
    }).then(
      ({ applied }) => {
        counts.redriven += applied;
      },
      error => {
        if (!(error instanceof StoreError)) problem(`a redrive failed: ${error.stack}`);
      },
    );
  };
}

/** Mends all that is broken, and gives every row what it still lacks, with nothing in the way. */
export async function redriveAll(
  scheduler: Scheduler,
  { stored }: SimulatedStore,
  profile: Profile,
  problem: (what: string) => void,
): Promise<void> {
  mendBytes(stored);
  for (const rows of stored.tables.values()) {
    for (const [key, row] of rows) rows.set(key, { ...row, bytes: mended(row.bytes) });
  }
  const redrive = (row: { readonly table?: string; readonly key?: string } = {}) =>
    redriveUnapplied({
      ...feeds[profile.feed],
      ...row,
      store: undisturbed(stored),
      unapplied: stored.unapplied,
      clock: scheduler,
    });
  const { waiting } = await redrive();
  for (const { table, key, error } of waiting) problem(`${table} ${key} still lacks events: ${error}`);
  // Those too that lack nothing and cannot be read.
  for (const { name } of feeds[profile.feed].plan.groups) {
    const table = `${name}@1`;
    for (const key of stored.tables.get(table)?.keys() ?? []) await redrive({ table, key });
  }
  for (const { table, key, reason, position } of await stored.unapplied.list({ limit: 3 }))
    problem(`${table} ${key}: ${reason} ${position.shard} ${position.sequence} is left over`);
}

/** Bytes go bad in their first: the codec's number, which is 1. */
export function corrupted(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte, i) => (i === 0 ? 0 : byte));
}

const mended = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0 ? Uint8Array.from(bytes, (byte, i) => (i === 0 ? 1 : byte)) : bytes;

/** The unreadable bytes that faulty rows kept. */
function mendBytes({ runs }: Stored): void {
  for (const table of runs.values()) {
    for (const [id, bytes] of table) if (id.includes('#fault-')) table.set(id, mended(bytes));
  }
}

function redrivingClient({ chances }: Profile, random: Random, counts: FaultCounts): Client {
  let isDead = false;
  const pace = random.pick([1, 1, 20]);
  return {
    random,
    chances,
    counts,
    get isDead() {
      return isDead;
    },
    delay: () => pace * (1 + random.below(8)),
    step() {
      if (isDead || !random.chance(chances.crash * 4)) return;
      isDead = true;
      counts.redriveDied++;
    },
  };
}
