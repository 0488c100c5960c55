import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { LogRecord, QuarantinedEvent, StateStore } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import { checkQuarantine, checkValues } from './check.ts';
import { noFaults } from './faults.ts';
import { feeds, type GroupName, type Life } from './feed.ts';
import { expectationOf } from './oracle.ts';
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

/** What happened to attempts. */
export interface RealTimeCounts {
  attempts: number;
  failed: number;
  partialFailure: number;
  timedOut: number;
  /** Attempts that were given up and went on to their end. */
  zombie: number;
  replay: number;
  reads: number;
}

/**
 * A world like those of world.ts in real time, over a real store: the stream is simulated and there from the start,
 * the mapping gives its batches to real transforms, and at the end the values are held against the stream's.
 */
export async function runInRealTime(options: RealTimeOptions) {
  const { profile, random, connect, direct } = options;
  const problems: string[] = [];
  const problem = (what: string): void => {
    if (problems.length < 5) problems.push(what);
  };
  const start = Date.UTC(2024, 4, 1);
  const faults = noFaults();
  const stream = createStream(
    createEmissions(profile, start, random.fork(), faults),
    profile,
    random.fork(),
    faults,
  );
  const expectation = expectationOf(stream, profile.feed);
  const quarantine = new Map<string, QuarantinedEvent>();
  const unapplied = createMemoryUnapplied();
  const counts: RealTimeCounts = {
    attempts: 0,
    failed: 0,
    partialFailure: 0,
    timedOut: 0,
    zombie: 0,
    replay: 0,
    reads: 0,
  };

  const processes: Record<Life, ReturnType<typeof createTransform>[]> = { 'feed-1': [], 'feed-2': [] };
  const createProcess = (life: Life) => {
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
  };

  const zombies: Promise<void>[] = [];
  /** Gives a batch to a process; the number of its records that are settled, null where the attempt was given up. */
  async function attempt(shard: SimulatedShard, records: readonly LogRecord[]): Promise<number | null> {
    counts.attempts++;
    const idle = processes[shard.life];
    const transform = idle.pop() ?? createProcess(shard.life);
    let isGivenUp = false;
    const work = transform({ shard: shard.id, records }).then(
      ({ failures: [lowest] }) => {
        idle.push(transform);
        if (isGivenUp) counts.zombie++;
        if (lowest === undefined) return records.length;
        counts.partialFailure++;
        return records.findIndex(r => r.sequence === lowest);
      },
      error => {
        idle.push(transform);
        if (!(error instanceof StoreError)) problem(`the transform failed: ${error.stack}`);
        counts.failed++;
        return 0;
      },
    );
    if (!random.chance(profile.chances.sleep)) return work;
    const settled = await Promise.race([work, sleep(random.below(profile.timeoutMs), null)]);
    if (settled !== null) return settled;
    counts.timedOut++;
    isGivenUp = true;
    zombies.push(work.then(() => {}));
    return null;
  }

  async function drain(shard: SimulatedShard): Promise<void> {
    const { records } = shard;
    for (let at = 0; at < records.length; ) {
      const batch = records.slice(at, at + random.between(1, profile.mostRecordsInBatch));
      at += (await attempt(shard, batch)) ?? 0;
    }
  }

  const drained = new Map<SimulatedShard, Promise<void>>();
  const drainAll = (): Promise<unknown> => {
    for (const shard of stream.shards) {
      const parents = Promise.all(shard.parents.map(parent => drained.get(parent)));
      drained.set(
        shard,
        parents.then(() => drain(shard)),
      );
    }
    return Promise.all(drained.values());
  };

  let isOver = false;
  async function keepReading(): Promise<void> {
    const reader = createReader({ ...feeds[profile.feed], store: connect(), clock: { now: () => 0 } });
    const groups = [...expectation.entities.keys()].filter(group => group !== 'user_item');
    while (!isOver) {
      const group = random.pick(groups);
      const keys = [...(expectation.entities.get(group)?.keys() ?? [])].slice(0, 5);
      const { entities } = await reader.readGroup(
        group,
        keys.map(key => entityKey(group, key)),
      );
      for (const { status, values } of entities) {
        if (status === 'known' && !isWhole(group, values))
          problem(`a read of ${group} is torn: ${JSON.stringify(values)}`);
      }
      counts.reads++;
      await sleep(20);
    }
  }

  const reading = keepReading().catch(error => problem(`a read failed: ${error.stack}`));
  await drainAll();
  for (let i = 0; i < profile.replays; i++) {
    counts.replay++;
    await drainAll();
  }
  isOver = true;
  await Promise.all([reading, ...zombies]);
  await options.settled();

  checkQuarantine({ quarantine }, expectation, problem);
  for (const { reason, detail } of await unapplied.list({ limit: 3 }))
    problem(`set aside as ${reason}: ${detail}`);
  const end = stream.events.at(-1)?.arrivalTime ?? start;
  await checkValues(
    direct,
    profile.feed,
    expectation,
    Math.max(expectation.newest, end) + 1 + random.below(2 * hour),
    problem,
  );
  return { events: stream.events.length, counts, problems };
}

/** Sums over one window are of the same events. */
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
