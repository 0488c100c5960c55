import { type GroupKernel, NewerCodecError, type Row } from '../kernel/index.ts';
import { type MillraceError, StoreError } from './errors.ts';
import { createIdRuns, type IdsByRun } from './id-runs.ts';
import { markName } from './marks.ts';
import type {
  CachedRow,
  Clock,
  RowWrite,
  ShardPosition,
  StateStore,
  UnappliedEvent,
  UnappliedStore,
} from './ports.ts';
import type { PlacedEvent, RowEvents } from './row-events.ts';
import { type RowLimits, RunError, type StoredRun, tableOf } from './rows.ts';
import type { RunGraveyard } from './run-graveyard.ts';
import { type RowUpdate, updateRow } from './update-row.ts';

/** By the shard's name in marks, the position through which all its rows are written. */
export type Progress = ReadonlyMap<string, ShardPosition>;

/** The rows of one table that a batch touches. */
export interface RowPass {
  readonly kernel: GroupKernel;
  /** The shard's name in marks. */
  readonly mark: string;
  readonly rows: readonly RowEvents[];
  readonly rules: RowRules;
  /** Where it is not known yet which events count: resolves when their `counts` say so. Nothing is written before. */
  readonly counted: Promise<void> | null;
  /** Of home rows. */
  readonly home?: {
    /** Runs of ids that all arrived before this are not needed. */
    readonly oldest: number;
    readonly shardHash: number;
  };
}

/**
 * What passes over a table have in common. It is made once, not for each batch: between two of them functions of a batch's
 * own are gone, and at the next full collection what V8 compiled of them.
 */
export interface RowRules {
  /**
   * Says which of a row's events are to be folded into it, and lets the row remember that it has passed them all; null
   * when that changes nothing, so that nothing is written. `ids` are its runs'.
   */
  accept(
    pass: RowPass,
    row: Row,
    events: readonly PlacedEvent[],
    progress: Progress,
    ids: IdsByRun,
  ): readonly PlacedEvent[] | null;
  /** Called once what `accept` said last of a row holds: it was written, or nothing had to be. */
  settled?(events: readonly PlacedEvent[]): void;
}

export interface RowFolderOptions {
  readonly store: StateStore;
  readonly unapplied: Pick<UnappliedStore, 'put'>;
  readonly stream: string;
  readonly incarnation: string;
  /** The wall: row versions follow it. */
  readonly clock: Clock;
  readonly limits: RowLimits;
  readonly graveyard: RunGraveyard;
}

export interface PassResult {
  /** Events of rows that could not be written. */
  readonly unwritten: readonly PlacedEvent[];
  /** The first of the errors that kept them from it, where it was one. */
  readonly error: MillraceError | null;
}

/**
 * Reads the rows of a pass, folds, and writes each on the condition that it is still what was read; a row that
 * somebody else wrote meanwhile is read and folded again. What the store cannot do now fails the rows it concerns.
 */
export function createRowFolder(options: RowFolderOptions): (pass: RowPass) => Promise<PassResult> {
  const { store, unapplied, stream, incarnation, clock, limits, graveyard } = options;
  const idRuns = createIdRuns(store);

  return async pass => {
    const unwritten: PlacedEvent[] = [];
    let error: MillraceError | null = null;
    let waiting = pass.rows;
    for (let attempt = 1; waiting.length > 0; attempt++) {
      // Overtaken once, a row is read again at once; after that, its writers keep out of each other's way.
      if (attempt > 2) await clock.wait?.(Math.random() * Math.min(longestWait, 2 ** attempt));
      try {
        const round = await foldOnce(pass, waiting, attempt > patience);
        unwritten.push(...round.unreadable);
        error ??= round.error;
        waiting = round.again;
      } catch (failure) {
        if (!(failure instanceof StoreError)) throw failure;
        return { unwritten: [...unwritten, ...eventsOf(waiting)], error: error ?? failure };
      }
      if (attempt === attempts) {
        unwritten.push(...eventsOf(waiting));
        break;
      }
    }
    return { unwritten, error };
  };

  /** Throws StoreError where the store does nothing of it now. */
  async function foldOnce(
    pass: RowPass,
    waiting: readonly RowEvents[],
    runsMustExist: boolean,
  ): Promise<Round> {
    const table = tableOf(pass.kernel.group);
    const keys = waiting.map(keyOf);
    const now = clock.now();
    const stored = await store.read(table, keys);
    const needed = { oldest: pass.home?.oldest ?? 0, mustExist: runsMustExist };
    const idsOfRows = await idRuns.load(pass.kernel, keys, stored, needed);
    // After the rows: a mark at or below this progress can go, and no row can have been written past it since.
    const progress: Progress = new Map(
      [...(await store.readProgress(incarnation))].map(([shard, to]) => [markName(incarnation, shard), to]),
    );

    const round: Round = { again: [], unreadable: [], error: null };
    const unchanged: CachedRow[] = [];
    const changed: RowEvents[] = [];
    // Of the changed ones, in their order.
    const writes: RowWrite[] = [];
    const updates: RowUpdate[] = [];
    const context = { store, idRuns, limits, runsMustExist };
    for (let i = 0; i < waiting.length; i++) {
      const one = waiting[i] as RowEvents;
      const { key, events } = one;
      const before = stored[i] ?? null;
      const ids = idsOfRows.get(key) ?? noIds;
      if (ids === 'gone') {
        round.again.push(one);
        continue;
      }
      let update: RowUpdate | null;
      try {
        const made = updateRow(pass, key, events, before, progress, ids, context);
        // Most rows need nothing of the store: to wait for each would take longer than to fold it.
        update = made instanceof Promise ? await made : made;
      } catch (failure) {
        if (failure instanceof RunError) round.again.push(one);
        else if (failure instanceof NewerCodecError) {
          round.unreadable.push(...events);
          round.error ??= failure;
        } else throw failure;
        continue;
      }
      if (update === null) {
        unchanged.push({ key, row: before });
        pass.rules.settled?.(events);
        continue;
      }
      const expected = before === null ? 0 : before.version;
      changed.push(one);
      writes.push({ key, expected, version: Math.max(expected + 1, now), bytes: update.bytes });
      updates.push(update);
    }

    if (pass.counted !== null) {
      await pass.counted;
      let kept = 0;
      for (let w = 0; w < changed.length; w++) {
        const one = changed[w] as RowEvents;
        const events = one.events.filter(isCounted);
        if (events.length === one.events.length) {
          changed[kept] = one;
          writes[kept] = writes[w] as RowWrite;
          updates[kept++] = updates[w] as RowUpdate;
        } else if (events.length > 0) {
          round.again.push({ key: one.key, events });
        }
      }
      changed.length = writes.length = updates.length = kept;
    }

    const created: StoredRun[] = [];
    const lacking: UnappliedEvent[] = [];
    for (let w = 0; w < updates.length; w++) {
      const update = updates[w] as RowUpdate;
      if (update.created.length > 0) created.push(...update.created);
      if (update.lacking.length > 0) lacking.push(...lackingOf(table, (writes[w] as RowWrite).key, update));
    }
    if (created.length > 0) await store.writeRuns(table, created);
    if (lacking.length > 0) await unapplied.put(lacking);

    if (unchanged.length > 0) await store.republish?.(table, unchanged, now);
    const outcomes = await store.write(table, writes);
    for (let w = 0; w < writes.length; w++) {
      const one = changed[w] as RowEvents;
      if (outcomes[w] === 'written') {
        for (const id of (updates[w] as RowUpdate).replaced) graveyard.add(table, id);
        pass.rules.settled?.(one.events);
      } else {
        // Runs created for it stay: a write that seems lost may have taken effect, and the row name them.
        round.again.push(one);
      }
    }
    return round;
  }

  function lackingOf(table: string, key: string, { lacking, fault }: RowUpdate): readonly UnappliedEvent[] {
    return lacking.map(({ record, sequence, index }) => ({
      stream,
      incarnation,
      position: { shard: record.shard, sequence, index },
      arrivalTime: record.arrivalTime,
      table,
      key,
      fault: fault === null ? null : fault.id,
      reason: fault === null ? 'crash' : fault.reason,
      detail: fault === null ? 'processing it ended the process again and again' : fault.detail,
      payload: record.data,
    }));
  }
}

const noIds: IdsByRun = new Map();

const keyOf = ({ key }: RowEvents): string => key;
const isCounted = ({ counts }: PlacedEvent): boolean => counts;
const eventsOf = (rows: readonly RowEvents[]): PlacedEvent[] => rows.flatMap(row => row.events);

/** What one reading and writing of rows left to be done. */
interface Round {
  readonly again: RowEvents[];
  /** Events of rows that only a newer release can read. */
  readonly unreadable: PlacedEvent[];
  error: MillraceError | null;
}

/** A row that other shards fill as well can be overtaken now and then; one that always is points at a fault. */
const attempts = 20;
/** In ms, of a wait with "full jitter" (lib/client/retry.ts says where that is from). */
const longestWait = 200;
/** So often a run may be missing, because its row was just rewritten, before it counts as lost. */
const patience = 5;
