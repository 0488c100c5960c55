import { mostAttempts } from '../../lib/runtime/crash-guard.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { LogRecord, StateStore, UnappliedEvent } from '../../lib/runtime/ports.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { foldAside } from '../support/fold-aside.ts';
import type { Client } from './client.ts';
import type { FaultCounts } from './faults.ts';
import { feeds, type Life } from './feed.ts';
import type { Profile } from './profile.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Connection, SimulatedStore } from './store.ts';
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
  /** Whether whoever processes the record dies. */
  endsProcess(record: LogRecord): boolean;
  /** What must never happen. */
  readonly problem: (what: string) => void;
}

/** Runs the real transform on batches, in processes that stay warm until they die. */
export function createAttempts(options: AttemptOptions): StartAttempt {
  const { random, counts, problem } = options;
  let made = 0;
  const warm: Record<Life, Process[]> = { 'feed-1': [], 'feed-2': [] };

  return (batch, view, over) => {
    const idle = warm[batch.life];
    const process = idle.pop() ?? createProcess(options, batch.life, made++);
    const isDoomed = batch.records.some(record => options.endsProcess(record));
    const attempt = createClient(options, view, batch.end, isDoomed, () => over({ kind: 'died' }));
    process.take(attempt, batch);
    process.transform({ shard: batch.shard, records: batch.records }).then(
      ({ failures: [lowest] }) => {
        idle.push(process);
        if (attempt.isGivenUp) return;
        if (lowest === undefined) return over({ kind: 'settled' });
        // As Lambda does: all before the lowest failure is settled, whatever else was.
        const before = batch.records[batch.records.findIndex(r => r.sequence === lowest) - 1];
        over({ kind: 'partial', through: before?.sequence ?? null });
      },
      error => {
        idle.push(process);
        if (!(error instanceof StoreError)) problem(`the transform failed: ${error.stack}`);
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
  /** Its batch has a record that it will die of, by the time it moves the progress. */
  isDoomed: boolean;
  giveUp(): void;
}

function createClient(
  { profile: { chances }, random, counts }: AttemptOptions,
  view: ShardView,
  end: number,
  isDoomed: boolean,
  died: () => void,
): AttemptClient {
  const pace = random.pick([1, 1, 1, 3, 8]);
  let sleepsIn = random.chance(chances.sleep) ? random.below(30) : -1;
  let isDead = false;
  let isGivenUp = false;
  let livesFor = random.below(12);
  let wasCounted = false;
  return {
    random,
    chances,
    counts,
    isDoomed,
    get isDead() {
      return isDead;
    },
    get isGivenUp() {
      return isGivenUp;
    },
    giveUp() {
      isGivenUp = true;
    },
    delay() {
      if (sleepsIn-- === 0) return random.pick([5, 30, 200]) * second * random.float();
      return pace * (1 + random.below(8));
    },
    step(moment) {
      if (isGivenUp && !wasCounted) {
        wasCounted = true;
        if (view.checkpoint >= end) counts.zombieAfter++;
        else if (view.isBusy) counts.zombieBeside++;
        else wasCounted = false;
      }
      if (isDead) return;
      if (this.isDoomed && (livesFor-- <= 0 || moment === 'last')) counts.endsProcess++;
      else if (!random.chance(chances.crash / 2)) return;
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
  number: number,
): Process {
  const hasSecondThread = number % 2 === 0;
  const goesInPieces = number % 3 === 0;
  let connected: Connection | null = null;
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
    readNote: (...a) => at().readNote(...a),
    writeNote: (...a) => at().writeNote(...a),
    scan: (...a) => at().scan(...a),
    ...(goesInPieces ? { rowsAtOnce: 3 } : {}),
  };
  const options = {
    ...feeds[profile.feed],
    stream: 'feed',
    incarnation: life,
    store: state,
    unapplied: { put: (events: readonly UnappliedEvent[]) => at().unapplied.put(events) },
    clock: { now: () => scheduler.now() - lag },
    limits: profile.limits,
  };
  const aside = hasSecondThread ? foldAside({ ...options, groups: new Set(['user_item']) }) : null;
  return {
    transform: createTransform({
      ...options,
      quarantine: { put: events => at().put(events) },
      ...(aside === null ? {} : { aside }),
    }),
    take(attempt, batch) {
      const direct = store.connect(attempt);
      const deadly: Connection = {
        ...direct,
        async readNote(life, name) {
          const note = await direct.readNote(life, name);
          const { attempts, sequence } = note === null ? { attempts: 0, sequence: '' } : JSON.parse(note);
          // From here on the record is not looked into.
          if (attempts >= mostAttempts && sequence === String(batch.records[0]?.sequence))
            attempt.isDoomed = false;
          return note;
        },
        advanceProgress(life, shard, to) {
          attempt.step('last');
          return direct.advanceProgress(life, shard, to);
        },
      };
      connected =
        weakening === null
          ? deadly
          : { ...deadly, ...weakening(deadly, { stored: store.stored, feed: profile.feed, batch }) };
    },
  };
}
