import {
  compareInShard,
  compileGroup,
  type FunctionRegistry,
  type GroupKernel,
  type Plan,
  type StreamEvent,
} from '../kernel/index.ts';
import { createCrashGuard } from './crash-guard.ts';
import { createJoinedDecoder, type DecodedBatch, isBad, joinRecords } from './decode-records.ts';
import { type MillraceError, StoreError } from './errors.ts';
import type { AsideBatch, AsideFold, AsideResult, GroupsAside } from './fold-aside.ts';
import { createRowFolder, type RowPass } from './fold-rows.ts';
import { groupPass, sitsOn } from './group-pass.ts';
import { createHomeRows } from './home-rows.ts';
import { markName } from './marks.ts';
import type {
  Clock,
  LogRecord,
  Quarantine,
  QuarantinedEvent,
  ShardPosition,
  ShardProgress,
  StateStore,
  UnappliedStore,
} from './ports.ts';
import { mayCount, type PlacedEvent } from './row-events.ts';
import { localRowLimits, type RowLimits } from './rows.ts';
import { createRunGraveyard } from './run-graveyard.ts';
import { streamPlan } from './stream-plan.ts';
import { noCounts, type Transform, type TransformCounts, type TransformResult } from './transform-result.ts';
import type { EventRecord } from './unpack-records.ts';

export interface TransformOptions {
  readonly plan: Plan;
  readonly functions?: FunctionRegistry;
  /** Which of the Plan's streams the batches are of. */
  readonly stream: string;
  /** The life of the stream that positions belong to. */
  readonly incarnation: string;
  readonly store: StateStore;
  readonly quarantine: Pick<Quarantine, 'put'>;
  /** Where events go that a row cannot take. */
  readonly unapplied: Pick<UnappliedStore, 'put'>;
  /** The wall: row versions follow it. */
  readonly clock: Clock;
  readonly limits?: RowLimits;
  /** Names this code, so that a record is not blamed for what a new release does to every record; the Plan's hash if not given. */
  readonly code?: string;
  /** How long after its arrival (ms) a record that comes alone may be one that ends its process; 0 if not given. */
  readonly guardAfterMs?: number;
  /** Another thread, for some of the groups. */
  readonly aside?: GroupsAside;
}

/**
 * The use case that turns events into feature rows. One call takes a batch of records of one shard, in order, and
 * resolves when each event has its effect, once: folded into the row of every group it is for, or quarantined with
 * the reason. Batches of one shard must not overlap; of several shards they may.
 *
 * Once means: a row remembers by its marks which positions of which shard it holds, until the shard's progress has
 * passed them; the progress is read after the rows it guards and moved after they are written (DESIGN,
 * "Exactly-once, how"). So a batch that failed midway, or is given again, changes nothing that it changed before.
 * Where the stream declares ids, its home rows are written first and say which events are copies (home-rows.ts).
 *
 * Rows that could not be written fail their own records only (`failures`), and progress stays below the lowest of them:
 * give the batch again from there. It rejects with a StoreError where nothing could be done at all. A row that can
 * never be written, and a record that ends the process, hold nothing up (update-row.ts, crash-guard.ts).
 */
export function createTransform(options: TransformOptions): Transform {
  const { plan, functions, incarnation, store, quarantine, unapplied, clock, aside } = options;
  const { limits = localRowLimits, code = plan.hash, guardAfterMs = 0 } = options;
  const stream = streamPlan(plan, options.stream);
  const streamKey = stream.key;
  const decode = createJoinedDecoder(stream);
  const home = createHomeRows(plan, stream, functions, limits);
  const kernels = plan.groups
    .filter(g => g.stream === stream.name)
    .map(g => (g === home?.kernel.group ? home.kernel : compileGroup(plan, g, functions)));
  const others = kernels.filter(k => k !== home?.kernel);
  const graveyard = createRunGraveyard(store, clock);
  const foldRows = createRowFolder({
    store,
    unapplied,
    stream: stream.name,
    incarnation,
    clock,
    limits,
    graveyard,
  });
  const guard = createCrashGuard({ store, incarnation, code, clock, guardAfterMs });

  return async ({ shard, records }) => {
    if (records.length === 0) return { ...noCounts, copies: 0, failures: [], error: null };
    const progress = await store.readProgress(incarnation);
    const isEnding = await guard.blames(shard, records, progress);
    // The store that failed may fail at this as well.
    const forgive = () => guard.forgive(shard, records).catch(() => {});
    try {
      const result = await attempt(shard, records, progress, isEnding);
      if (result.failed > 0) await forgive();
      return result;
    } catch (error) {
      if (error instanceof StoreError) await forgive();
      throw error;
    }
  };

  async function attempt(
    shard: string,
    records: readonly LogRecord[],
    progress: ReadonlyMap<string, ShardProgress>,
    isEnding: boolean,
  ): Promise<TransformResult> {
    const joined = joinRecords(records, { shared: aside !== undefined });
    const done = progress.get(shard) ?? null;
    const theirs = takePart(aside?.begin({ shard, joined, done, endsProcess: isEnding }) ?? null);
    try {
      return await foldAll(shard, records, { joined, done, endsProcess: isEnding }, theirs);
    } finally {
      // Batches of a shard must not overlap, however this one ends.
      await theirs.end();
    }
  }

  async function foldAll(
    shard: string,
    records: readonly LogRecord[],
    { joined, done, endsProcess }: Pick<AsideBatch, 'joined' | 'done' | 'endsProcess'>,
    theirs: ReturnType<typeof takePart>,
  ): Promise<TransformResult> {
    const first = records[0] as LogRecord;
    const { events, places, rejected, skipped } = sort(decode(joined), shard, done, endsProcess);
    if (rejected.length > 0) await quarantine.put(rejected);

    const mark = markName(incarnation, shard);
    const unwritten: PlacedEvent[] = [];
    let error: MillraceError | null = null;
    const foldPass = async (pass: RowPass) => {
      const result = await foldRows(pass);
      unwritten.push(...result.unwritten);
      error ??= result.error;
    };
    const homePass = home?.pass(mark, events, first.arrivalTime) ?? null;
    if (homePass !== null) await foldPass(homePass);
    // A mark past an event that has no verdict yet would lose it: other rows stop below the first such.
    const cut = lowest(unwritten);
    theirs.settle(() => countsOf(events, places, cut, joined.records.length));
    for (const kernel of others) {
      if (theirs.groups.has(kernel.group.name)) continue;
      // Groups on the stream's key find their events by row already.
      const sorted = homePass !== null && sitsOn(kernel, streamKey) ? homePass.rows : null;
      await foldPass(groupPass(kernel, mark, sorted, events, cut, null));
    }
    const result = await theirs.result();
    error ??= result.error;
    await graveyard.bury();

    const failed = new Set([...unwritten.map(sequenceOf), ...result.unwritten]);
    const through = lastSettled(records, failed);
    if (through !== null) await store.advanceProgress(incarnation, shard, { ...through, code });
    const failures = failed.size === 0 ? [] : records.map(sequenceOf).filter(at => failed.has(at));
    return { ...counts(events, rejected, skipped, failed), failures, error };
  }

  /** Of the events above the shard's progress: those to be folded, and those that are bad or late for every group. */
  function sort(
    { records, outcomes }: DecodedBatch,
    shard: string,
    done: ShardPosition | null,
    endsProcess: boolean,
  ): Sorted {
    const events: PlacedEvent[] = [];
    const places: number[] = [];
    const rejected: QuarantinedEvent[] = [];
    let skipped = 0;
    for (let i = 0; i < records.length; i++) {
      const record = records[i] as EventRecord;
      const outcome = outcomes[i] as DecodedBatch['outcomes'][number];
      const { sequence, index = 0 } = record;
      if (done !== null && compareInShard({ sequence, index }, done) <= 0) {
        skipped++;
      } else if (isBad(outcome)) {
        rejected.push(quarantined(record, shard, outcome.reason, outcome.detail));
      } else if (isVisible(outcome)) {
        const counts = home === null;
        events.push({ event: outcome, sequence, index, record, endsProcess, counts, verdict: false });
        places.push(i);
      } else {
        rejected.push(quarantined(record, shard, 'late', lateness(outcome, kernels)));
      }
    }
    return { events, places, rejected, skipped };
  }

  function quarantined(
    { sequence, index = 0, arrivalTime, data }: EventRecord,
    shard: string,
    reason: QuarantinedEvent['reason'],
    detail: string,
  ): QuarantinedEvent {
    const position = { shard, sequence, index };
    return { stream: options.stream, position, arrivalTime, reason, detail, payload: data };
  }

  function isVisible({ time, arrivalTime }: StreamEvent): boolean {
    for (const kernel of kernels) if (time >= kernel.earliestVisible(arrivalTime)) return true;
    // Where there is no group no event is too late for it.
    return kernels.length === 0;
  }
}

interface Sorted {
  readonly events: readonly PlacedEvent[];
  /** Of the events, in their order: which record each is of. */
  readonly places: readonly number[];
  readonly rejected: readonly QuarantinedEvent[];
  readonly skipped: number;
}

/** What another thread folds of a batch; nothing where there is none. */
function takePart(fold: AsideFold | null) {
  let folded: Promise<AsideResult> | null = null;
  return {
    groups: fold?.groups ?? noGroups,
    settle(countsOf: () => Uint8Array): void {
      folded = fold?.settle(countsOf()) ?? null;
      // Whoever asks for the result is told.
      folded?.catch(() => {});
    },
    result: async (): Promise<AsideResult> => (await folded) ?? nothingAside,
    async end(): Promise<void> {
      if (folded === null) fold?.abandon();
      else await folded.catch(() => {});
    },
  };
}

const noGroups: ReadonlySet<string> = new Set();
const nothingAside: AsideResult = { unwritten: [], error: null };

/** Of each record, by 1 or 0, whether its event may count. */
function countsOf(
  events: readonly PlacedEvent[],
  places: readonly number[],
  cut: PlacedEvent | null,
  records: number,
): Uint8Array {
  const counts = new Uint8Array(records);
  for (let i = 0; i < events.length; i++) if (mayCount(events[i]!, cut)) counts[places[i]!] = 1;
  return counts;
}

const lowest = (events: readonly PlacedEvent[]): PlacedEvent | null =>
  events.reduce<PlacedEvent | null>((low, e) => (low === null || compareInShard(e, low) < 0 ? e : low), null);

const sequenceOf = ({ sequence }: { readonly sequence: number | bigint }): number | bigint => sequence;

/** The end of the longest beginning of the batch in which nothing failed; null where that is empty. */
function lastSettled(
  records: Parameters<Transform>[0]['records'],
  failed: ReadonlySet<number | bigint>,
): ShardPosition | null {
  let through: ShardPosition | null = null;
  for (const { sequence } of records) {
    if (failed.has(sequence)) break;
    through = { sequence, index: lastIndex };
  }
  return through;
}

/** Past every event of a packed record. */
const lastIndex = 2 ** 31;

function counts(
  events: readonly PlacedEvent[],
  rejected: readonly QuarantinedEvent[],
  skipped: number,
  failed: ReadonlySet<number | bigint>,
): TransformCounts & Pick<TransformResult, 'copies'> {
  const late = rejected.filter(r => r.reason === 'late' || r.reason === 'future').length;
  let unsettled = 0;
  let accepted = 0;
  for (const event of events) {
    if (failed.has(event.sequence)) unsettled++;
    else if (event.counts) accepted++;
  }
  const copies = events.length - unsettled - accepted;
  return {
    accepted,
    skipped: skipped + copies,
    copies,
    late,
    bad: rejected.length - late,
    failed: unsettled,
  };
}

function lateness(event: StreamEvent, kernels: readonly GroupKernel[]): string {
  const hours = ((event.arrivalTime - event.time) / 3_600_000).toFixed(1);
  const names = kernels.map(k => k.group.name).join(', ');
  return `arrived ${hours} hours after its time: no window of ${names || 'any group'} can see it`;
}
