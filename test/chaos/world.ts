import type { LogRecord, StoredRow } from '../../lib/runtime/ports.ts';
import { createAttempts } from './attempts.ts';
import { checkQuarantine, checkValues } from './check.ts';
import { type FaultCounts, noFaults } from './faults.ts';
import { createMapping } from './mapping.ts';
import { expectationOf } from './oracle.ts';
import { createEmissions } from './producer.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import { createReads } from './reads.ts';
import { corrupted, createRedrives, redriveAll } from './redrives.ts';
import { createScheduler } from './scheduler.ts';
import { createSimulatedStore, partitions } from './store.ts';
import { createStream, type SimulatedShard } from './stream.ts';
import { hour, second } from './time.ts';
import { undisturbed } from './undisturbed.ts';
import { homeTable, type RedriveWeakening, type Weakening } from './weaken.ts';

export interface WorldResult {
  readonly events: number;
  readonly counts: FaultCounts;
  /** What is wrong; empty where nothing is. The first few suffice. */
  readonly problems: readonly string[];
}

export interface WorldOptions {
  readonly profile: Profile;
  readonly random: Random;
  readonly weakening?: Weakening;
  /** Further rules to take away. */
  readonly checksConditions?: boolean;
  readonly waitsForParents?: boolean;
  /** What those who redrive are told by the store, with a rule taken away. */
  readonly redriveWeakening?: RedriveWeakening;
}

/** Runs one world to its end and holds what is stored against what the stream says. */
export async function runWorld(options: WorldOptions): Promise<WorldResult> {
  const { profile, random, weakening = null, checksConditions = true, waitsForParents = true } = options;
  const { redriveWeakening = null } = options;
  const counts = noFaults();
  const problems: string[] = [];
  const problem = (what: string): void => {
    if (problems.length < 5) problems.push(what);
  };
  const start = Date.UTC(2024, 4, 1) + random.below(20 * hour);
  const scheduler = createScheduler(start);
  const sent = createEmissions(profile, start, random.fork(), counts);
  const stream = createStream(sent, profile, random.fork(), counts);
  const { shards } = stream;
  const expectation = expectationOf(stream, profile.feed);
  for (const name of Object.keys(expectation.seen) as (keyof typeof expectation.seen)[])
    counts[name] += expectation.seen[name];
  counts.reordered += reordered(stream.events);

  const store = createSimulatedStore(scheduler, { checksConditions });
  const world = { scheduler, store, profile, counts, problem };
  const { endsProcess: deadly } = profile.chances;
  const killers = new Set(shards.flatMap(shard => shard.records.filter(() => random.chance(deadly))));
  const endsProcess = (record: LogRecord) => killers.has(record);
  const startAttempt = createAttempts({ ...world, random: random.fork(), weakening, endsProcess });
  const mapping = createMapping({ ...world, shards, startAttempt, random: random.fork(), waitsForParents });
  const read = createReads({ ...world, expectation, random: random.fork() });

  const redrive = createRedrives({ ...world, random: random.fork(), weakening: redriveWeakening });

  const end = stream.events.at(-1)?.arrivalTime ?? start;
  // Where much arrives, much happens.
  const sometime = (): number => random.pick(stream.events).arrivalTime + random.below(second);
  scheduler.at(start, mapping.start);
  for (let i = 0; i < profile.reads; i++) scheduler.at(sometime(), read);
  for (let i = 0; i < profile.replays; i++) {
    scheduler.at(sometime(), () => {
      counts.replay++;
      mapping.start();
    });
  }
  for (let i = 0; i < profile.redrives; i++) scheduler.at(sometime(), redrive);
  for (let i = 0; i < profile.corruptions; i++) {
    scheduler.at(sometime(), () => {
      const table = random.pick([...store.stored.tables.keys(), '']);
      // What a home row remembers of ids is lost with its bytes.
      if (table === '' || table === homeTable(profile.feed)) return;
      const rows = store.stored.tables.get(table) as Map<string, StoredRow>;
      if (rows.size === 0) return;
      const [key, row] = random.pick([...rows]);
      counts.corrupted++;
      rows.set(key, { ...row, bytes: corrupted(row.bytes) });
    });
  }
  for (let i = 0; i < profile.outages; i++) {
    scheduler.at(sometime(), () => {
      counts.outage++;
      const table = random.pick([...store.stored.tables.keys()]);
      store.closePartition(table, random.below(partitions), scheduler.now() + random.below(10 * second));
    });
  }

  const isOver = await scheduler.run(50_000 + 300 * profile.events);
  if (!isOver) problem(`not over after ${scheduler.steps} steps`);
  for (const shard of shards) {
    const settled = mapping.checkpoint(shard);
    if (isOver && settled < shard.records.length)
      problem(`${shard.life} ${shard.id}: ${settled} of ${shard.records.length} records settled`);
  }
  if (isOver) {
    checkQuarantine(store.stored, expectation, problem);
    await redriveAll(scheduler, store, profile, problem);
    const asOf = Math.max(expectation.newest, end) + 1 + random.below(2 * hour);
    await checkValues(undisturbed(store.stored), profile.feed, expectation, asOf, problem);
  }
  return { events: stream.events.length, counts, problems };
}

function reordered(
  events: readonly { readonly shard: SimulatedShard; readonly activity: { readonly ts: number } | null }[],
): number {
  const previous = new Map<SimulatedShard, number>();
  let n = 0;
  for (const { shard, activity } of events) {
    if (activity === null) continue;
    if (activity.ts < (previous.get(shard) ?? 0)) n++;
    previous.set(shard, activity.ts);
  }
  return n;
}
