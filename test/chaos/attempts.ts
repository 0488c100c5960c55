import { StoreError } from '../../lib/runtime/errors.ts';
import type { LogRecord, Quarantine, ShardPosition, StateStore } from '../../lib/runtime/ports.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import type { Client } from './client.ts';
import type { FaultCounts } from './faults.ts';
import { feeds, type Life } from './feed.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedStore } from './store.ts';
import { second } from './time.ts';
import type { Weakening } from './weaken.ts';

/** How an attempt at a batch ended, for whoever waits for it. */
export type Outcome =
  | { readonly kind: 'settled' }
  /** Settled through this sequence number; null: nothing. */
  | { readonly kind: 'partial'; readonly through: number | bigint | null }
  | { readonly kind: 'failed' }
  | { readonly kind: 'died' };

export interface Attempt {
  /** Nobody waits for it any more. It goes on. */
  giveUp(): void;
}

/** What the mapping knows of the work on a shard, for telling zombies from attempts that are waited for. */
export interface ShardView {
  readonly isBusy: boolean;
  /** How many of its records are settled. */
  readonly checkpoint: number;
}

export interface Batch {
  readonly life: Life;
  readonly shard: string;
  readonly records: readonly LogRecord[];
  /** How many records of the shard are settled once these are. */
  readonly end: number;
}

export type StartAttempt = (batch: Batch, view: ShardView, over: (outcome: Outcome) => void) => Attempt;

export interface AttemptOptions {
  readonly scheduler: Scheduler;
  readonly store: SimulatedStore;
  readonly profile: Profile;
  readonly random: Random;
  readonly counts: FaultCounts;
  readonly weakening: Weakening | null;
  /** What must never happen. */
  readonly problem: (what: string) => void;
}

/** Runs the real transform on batches, in processes that stay warm until they die. */
export function createAttempts(options: AttemptOptions): StartAttempt {
  const { random, counts, problem } = options;
  const warm: Record<Life, Process[]> = { 'feed-1': [], 'feed-2': [] };

  return (batch, view, over) => {
    const idle = warm[batch.life];
    const process = idle.pop() ?? createProcess(options, batch.life);
    const attempt = createClient(options, view, batch.end, () => over({ kind: 'died' }));
    process.take(attempt, batch);
    process.transform({ shard: batch.shard, records: batch.records }).then(
      ({ failed }) => {
        idle.push(process);
        if (!attempt.isGivenUp)
          over(failed === 0 ? { kind: 'settled' } : { kind: 'partial', through: attempt.through });
      },
      error => {
        idle.push(process);
        // Runs replaced while an attempt slept are deleted by then: it fails, and does no harm.
        const isFault = error instanceof StoreError && (error.reason !== 'corrupt' || attempt.hasSlept);
        if (!isFault) problem(`the transform failed: ${error.stack}`);
        counts.erred++;
        if (!attempt.isGivenUp) over({ kind: 'failed' });
      },
    );
    if (idle.length > 50) idle.splice(random.below(50), 1);
    return { giveUp: () => attempt.giveUp() };
  };
}

interface AttemptClient extends Client {
  readonly isGivenUp: boolean;
  readonly hasSlept: boolean;
  /** How far it moved the progress. */
  through: number | bigint | null;
  giveUp(): void;
}

function createClient(
  { profile: { chances }, random, counts }: AttemptOptions,
  view: ShardView,
  end: number,
  died: () => void,
): AttemptClient {
  const pace = random.pick([1, 1, 1, 3, 8]);
  let sleepsIn = random.chance(chances.sleep) ? random.below(30) : -1;
  let isDead = false;
  let isGivenUp = false;
  let hasSlept = false;
  let wasCounted = false;
  return {
    random,
    chances,
    counts,
    through: null,
    get isDead() {
      return isDead;
    },
    get isGivenUp() {
      return isGivenUp;
    },
    get hasSlept() {
      return hasSlept;
    },
    giveUp() {
      isGivenUp = true;
    },
    delay() {
      if (sleepsIn-- === 0) {
        hasSlept = true;
        return random.pick([5, 30, 200]) * second * random.float();
      }
      return pace * (1 + random.below(8));
    },
    step(moment) {
      if (isGivenUp && !wasCounted) {
        wasCounted = true;
        if (view.checkpoint >= end) counts.zombieAfter++;
        else if (view.isBusy) counts.zombieBeside++;
        else wasCounted = false;
      }
      if (isDead || !random.chance(chances.crash / 2)) return;
      isDead = true;
      counts.crashed++;
      if (moment === 'between') counts.crashedBetweenWrites++;
      if (!isGivenUp) died();
    },
  };
}

interface Process {
  readonly transform: ReturnType<typeof createTransform>;
  /** Its calls are the attempt's from now on. */
  take(attempt: AttemptClient, batch: Batch): void;
}

function createProcess(
  { scheduler, store, profile, random, counts, weakening }: AttemptOptions,
  life: Life,
): Process {
  let connected: (StateStore & Pick<Quarantine, 'put'>) | null = null;
  const at = () => connected as NonNullable<typeof connected>;
  const lag = random.chance(0.3) ? random.below(2 * second) : 0;
  if (lag > 0) counts.clockBehind++;
  const state: StateStore = {
    read: (...a) => at().read(...a),
    write: (...a) => at().write(...a),
    writeRuns: (...a) => at().writeRuns(...a),
    readRuns: (...a) => at().readRuns(...a),
    deleteRuns: (...a) => at().deleteRuns(...a),
    readProgress: (...a) => at().readProgress(...a),
    advanceProgress: (...a) => at().advanceProgress(...a),
    scan: (...a) => at().scan(...a),
  };
  const none = () => Promise.reject(new Error('the transform only puts'));
  return {
    transform: createTransform({
      ...feeds[profile.feed],
      stream: 'feed',
      incarnation: life,
      store: state,
      quarantine: { put: events => at().put(events), list: none, get: none, remove: none, count: none },
      clock: { now: () => scheduler.now() - lag },
      limits: profile.limits,
    }),
    take(attempt, batch) {
      const direct = store.connect(attempt);
      const noting = {
        ...direct,
        advanceProgress(incarnation: string, shard: string, to: ShardPosition) {
          attempt.through = to.sequence;
          return direct.advanceProgress(incarnation, shard, to);
        },
      };
      connected =
        weakening === null
          ? noting
          : { ...noting, ...weakening(noting, { stored: store.stored, feed: profile.feed, batch }) };
    },
  };
}
