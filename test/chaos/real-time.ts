import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { LogRecord, QuarantinedEvent, StateStore, UnappliedStore } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import type { Transform } from '../../lib/runtime/transform-result.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import { checkQuarantine, checkValues } from './check.ts';
import { noFaults } from './faults.ts';
import { feeds, type GroupName, type Life } from './feed.ts';
import { type Expectation, expectationOf } from './oracle.ts';
import { createEmissions } from './producer.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import { entityKey } from './reads.ts';
import { positionKey } from './store.ts';
import { createStream, type SimulatedShard } from './stream.ts';
import { hour, second } from './time.ts';

export interface RealTimeOptions {
  /** Of its chances those of the stream count; what fails on the way to the store is the store's to say. */
  readonly profile: Profile;
  readonly random: Random;
  /** The store as another process reaches it. */
  connect(): StateStore;
  /** The store as it is, for the last look at it. */
  readonly direct: StateStore;
  /** Resolves when nothing that was given up is on its way to the store any more. */
  settled(): Promise<void>;
}

/** What happened. */
const nothing = {
  attempts: 0,
  failed: 0,
  partialFailure: 0,
  timedOut: 0,
  /** Attempts that were given up and went on to their end. */
  zombie: 0,
  replay: 0,
  reads: 0,
};
export type RealTimeCounts = typeof nothing;

export interface RealTimeResult {
  readonly events: number;
  readonly counts: RealTimeCounts;
  /** What is wrong; empty where nothing is. The first few suffice. */
  readonly problems: readonly string[];
}

/**
 * A world like those of world.ts in real time, over a real store: the stream is simulated and there from the start,
 * its batches are given to real transforms, and at the end the values are held against the stream's.
 */
export async function runInRealTime(options: RealTimeOptions): Promise<RealTimeResult> {
  const { profile, random, direct } = options;
  const start = Date.UTC(2024, 4, 1);
  const faults = noFaults();
  const sent = createEmissions(profile, start, random.fork(), faults);
  const stream = createStream(sent, profile, random.fork(), faults);
  const expectation = expectationOf(stream, profile.feed);
  const problems: string[] = [];
  const world: World = {
    ...options,
    counts: { ...nothing },
    quarantine: new Map(),
    unapplied: createMemoryUnapplied(),
    problem(what) {
      if (problems.length < 5) problems.push(what);
    },
  };
  const { counts, problem } = world;

  const attempts = createAttempts(world);
  const reads = startReading(world, expectation);
  await drain(world, stream.shards, attempts.attempt);
  for (let i = 0; i < profile.replays; i++) {
    counts.replay++;
    await drain(world, stream.shards, attempts.attempt);
  }
  await Promise.all([reads.stop(), attempts.over()]);
  await options.settled();

  checkQuarantine(world, expectation, problem);
  for (const { reason, detail } of await world.unapplied.list({ limit: 3 }))
    problem(`set aside as ${reason}: ${detail}`);
  const end = Math.max(expectation.newest, stream.events.at(-1)?.arrivalTime ?? start);
  await checkValues(direct, profile.feed, expectation, end + 1 + random.below(2 * hour), problem);
  return { events: stream.events.length, counts, problems };
}

interface World extends RealTimeOptions {
  readonly counts: RealTimeCounts;
  readonly quarantine: Map<string, QuarantinedEvent>;
  readonly unapplied: UnappliedStore;
  readonly problem: (what: string) => void;
}

/** The number of the records, from the first, that are settled; 0 also where the attempt was given up. */
type Attempt = (shard: SimulatedShard, records: readonly LogRecord[]) => Promise<number>;

function createAttempts(world: World): { readonly attempt: Attempt; over(): Promise<unknown> } {
  const { profile, random, counts, problem } = world;
  const idle: Record<Life, Transform[]> = { 'feed-1': [], 'feed-2': [] };
  const zombies: Promise<unknown>[] = [];

  async function attempt(shard: SimulatedShard, records: readonly LogRecord[]): Promise<number> {
    counts.attempts++;
    const transform = idle[shard.life].pop() ?? createProcess(world, shard.life);
    let isGivenUp = false;
    const work = transform({ shard: shard.id, records })
      .then(
        ({ failures: [lowest] }) => {
          if (isGivenUp) counts.zombie++;
          if (lowest === undefined) return records.length;
          counts.partialFailure++;
          return records.findIndex(r => r.sequence === lowest);
        },
        error => {
          if (!(error instanceof StoreError)) problem(`the transform failed: ${error.stack}`);
          counts.failed++;
          return 0;
        },
      )
      .finally(() => idle[shard.life].push(transform));
    if (!random.chance(profile.chances.sleep)) return work;
    const settled = await Promise.race([work, sleep(random.below(profile.timeoutMs), null)]);
    if (settled !== null) return settled;
    counts.timedOut++;
    isGivenUp = true;
    zombies.push(work);
    return 0;
  }

  return { attempt, over: () => Promise.all(zombies) };
}

function createProcess({ profile, random, connect, quarantine, unapplied }: World, life: Life): Transform {
  const lag = random.chance(0.3) ? random.below(2 * second) : 0;
  return createTransform({
    ...feeds[profile.feed],
    stream: 'feed',
    incarnation: life,
    store: connect(),
    quarantine: {
      async put(events) {
        for (const event of events) quarantine.set(positionKey(event.position), event);
      },
    },
    unapplied,
    clock: { now: () => hurried() - lag },
    limits: profile.limits,
    // No record ends its process here: one that is tried often on its own is unlucky.
    guardAfterMs: Number.POSITIVE_INFINITY,
  });
}

/** Gives every shard's records to attempts from the first to the last, a child's after its parents'. */
async function drain(
  { profile, random }: World,
  shards: readonly SimulatedShard[],
  attempt: Attempt,
): Promise<void> {
  const drained = new Map<SimulatedShard, Promise<void>>();
  const drainOne = async (shard: SimulatedShard): Promise<void> => {
    await Promise.all(shard.parents.map(parent => drained.get(parent)));
    for (let at = 0; at < shard.records.length; ) {
      const batch = shard.records.slice(at, at + random.between(1, profile.mostRecordsInBatch));
      at += await attempt(shard, batch);
    }
  };
  for (const shard of shards) drained.set(shard, drainOne(shard));
  await Promise.all(drained.values());
}

/** Reads entities while events are under way: sums over one window must be of the same events. */
function startReading(
  { profile, random, connect, counts, problem }: World,
  { entities }: Expectation,
): { stop(): Promise<void> } {
  const reader = createReader({ ...feeds[profile.feed], store: connect(), clock: { now: () => 0 } });
  const groups = [...entities.keys()].filter(group => group !== 'user_item');
  let isOver = false;

  async function read(): Promise<void> {
    while (!isOver) {
      const group = random.pick(groups);
      const keys = [...(entities.get(group)?.keys() ?? [])].slice(0, 5);
      const found = await reader.readGroup(
        group,
        keys.map(key => entityKey(group, key)),
      );
      for (const { status, values } of found.entities) {
        if (status === 'known' && !isWhole(group, values))
          problem(`a read of ${group} is torn: ${JSON.stringify(values)}`);
      }
      counts.reads++;
      await sleep(20);
    }
  }

  const reading = read().catch(error => problem(`a read failed: ${error.stack}`));
  return {
    stop() {
      isOver = true;
      return reading;
    },
  };
}

function isWhole(group: GroupName, values: Readonly<Record<string, unknown>>): boolean {
  const [n, ms, check] =
    group === 'item_activity' ? ['n_24h', 'ms_24h', 'check_24h'] : ['n_7d', 'ms_7d', 'check_7d'];
  return (
    values[n as string] === 0 ||
    values[check as string] === 3 * (values[ms as string] as number) + (values[n as string] as number)
  );
}

/** A clock that runs sixty times as fast, so that what is to happen half a minute later happens in a test. */
const hurried = (): number => begun + 60 * (Date.now() - begun);
const begun = Date.now();
