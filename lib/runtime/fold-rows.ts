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
  const { rowsAtOnce = Number.POSITIVE_INFINITY } = store;

  return async pass => {
    const unwritten: PlacedEvent[] = [];
    let error: MillraceError | null = null;
    let waiting = pass.rows;
    for (let attempt = 1; waiting.length > 0; attempt++) {
      // Overtaken once, a row is read again at once; after that, its writers keep out of each other's way.
      if (attempt > 2) await clock.wait?.(Math.random() * Math.min(longestWait, 2 ** attempt));
      const again: RowEvents[] = [];
      let left: readonly (readonly RowEvents[])[] = piecesOf(
        waiting,
        pass.counted === null ? rowsAtOnce : waiting.length,
      );
      try {
        for await (const folded of foldPieces(pass, left, attempt > patience)) {
          again.push(...folded.again, ...(await write(pass, folded)));
          unwritten.push(...folded.unreadable);
          error ??= folded.error;
          left = left.slice(1);
        }
        waiting = again;
      } catch (failure) {
        if (!(failure instanceof StoreError)) throw failure;
        return {
          unwritten: [...unwritten, ...eventsOf([...again, ...left.flat()])],
          error: error ?? failure,
        };
      }
      if (attempt === attempts) {
        unwritten.push(...eventsOf(waiting));
        break;
      }
    }
    return { unwritten, error };
  };

  /** The pieces one after the other, each ready to be written; once it is known what counts, where the pass waits for that. */
  async function* foldPieces(
    pass: RowPass,
    pieces: readonly (readonly RowEvents[])[],
    runsMustExist: boolean,
  ): AsyncGenerator<FoldedRows> {
    if (pass.counted === null) {
      for (const rows of pieces) yield await fold(pass, rows, runsMustExist);
      return;
    }
    const folded: FoldedRows[] = [];
    for (const rows of pieces) folded.push(await fold(pass, rows, runsMustExist));
    await pass.counted;
    for (const rows of folded) yield onlyCounted(rows);
  }

  /** Throws StoreError where the store reads nothing of it now. */
  async function fold(
    pass: RowPass,
    rows: readonly RowEvents[],
    runsMustExist: boolean,
  ): Promise<FoldedRows> {
    const table = tableOf(pass.kernel.group);
    const keys = rows.map(keyOf);
    const now = clock.now();
    const stored = await store.read(table, keys);
    const needed = { oldest: pass.home?.oldest ?? 0, mustExist: runsMustExist };
    const idsOfRows = await idRuns.load(pass.kernel, keys, stored, needed);
    // After the rows: a mark at or below this progress can go, and no row can have been written past it since.
    const progress: Progress = new Map(
      [...(await store.readProgress(incarnation))].map(([shard, to]) => [markName(incarnation, shard), to]),
    );

    const folded: FoldedRows = {
      readAt: now,
      unchanged: [],
      changed: [],
      writes: [],
      updates: [],
      again: [],
      unreadable: [],
      error: null,
    };
    const context = { store, idRuns, limits, runsMustExist };
    for (let i = 0; i < rows.length; i++) {
      const one = rows[i] as RowEvents;
      const { key, events } = one;
      const before = stored[i] ?? null;
      const ids = idsOfRows.get(key) ?? noIds;
      if (ids === 'gone') {
        folded.again.push(one);
        continue;
      }
      let update: RowUpdate | null;
      try {
        const made = updateRow(pass, key, events, before, progress, ids, context);
        // Most rows need nothing of the store: to wait for each would take longer than to fold it.
        update = made instanceof Promise ? await made : made;
      } catch (failure) {
        if (failure instanceof RunError) folded.again.push(one);
        else if (failure instanceof NewerCodecError) {
          folded.unreadable.push(...events);
          folded.error ??= failure;
        } else throw failure;
        continue;
      }
      if (update === null) {
        folded.unchanged.push({ key, row: before });
        pass.rules.settled?.(events);
        continue;
      }
      const expected = before === null ? 0 : before.version;
      folded.changed.push(one);
      folded.writes.push({ key, expected, version: Math.max(expected + 1, now), bytes: update.bytes });
      folded.updates.push(update);
    }
    return folded;
  }

  /** Gives the rows that somebody else wrote meanwhile. Throws StoreError where the store does nothing of it now. */
  async function write(pass: RowPass, folded: FoldedRows): Promise<readonly RowEvents[]> {
    const { changed, writes, updates, unchanged, readAt } = folded;
    const table = tableOf(pass.kernel.group);
    const created: StoredRun[] = [];
    const lacking: UnappliedEvent[] = [];
    for (let w = 0; w < updates.length; w++) {
      const update = updates[w] as RowUpdate;
      if (update.created.length > 0) created.push(...update.created);
      if (update.lacking.length > 0) lacking.push(...lackingOf(table, (writes[w] as RowWrite).key, update));
    }
    if (created.length > 0) await store.writeRuns(table, created);
    if (lacking.length > 0) await unapplied.put(lacking);

    if (unchanged.length > 0) await store.republish?.(table, unchanged, readAt);
    const outcomes = await store.write(table, writes);
    const overtaken: RowEvents[] = [];
    for (let w = 0; w < writes.length; w++) {
      const one = changed[w] as RowEvents;
      if (outcomes[w] === 'written') {
        for (const id of (updates[w] as RowUpdate).replaced) graveyard.add(table, id);
        pass.rules.settled?.(one.events);
      } else {
        // Runs created for it stay: a write that seems lost may have taken effect, and the row name them.
        overtaken.push(one);
      }
    }
    return overtaken;
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

/** Rows as they are to be written. */
interface FoldedRows {
  /** When they were read. */
  readonly readAt: number;
  readonly unchanged: CachedRow[];
  readonly changed: RowEvents[];
  /** Of the changed ones, in their order. */
  readonly writes: RowWrite[];
  readonly updates: RowUpdate[];
  /** To be read again. */
  readonly again: RowEvents[];
  /** Events of rows that only a newer release can read. */
  readonly unreadable: PlacedEvent[];
  error: MillraceError | null;
}

/** Of rows into which an event was folded that does not count, nothing is written: they are to be folded again without it. */
function onlyCounted(folded: FoldedRows): FoldedRows {
  const { changed, writes, updates, again } = folded;
  let kept = 0;
  for (let w = 0; w < changed.length; w++) {
    const one = changed[w] as RowEvents;
    const events = one.events.filter(isCounted);
    if (events.length === one.events.length) {
      changed[kept] = one;
      writes[kept] = writes[w] as RowWrite;
      updates[kept++] = updates[w] as RowUpdate;
    } else if (events.length > 0) {
      again.push({ key: one.key, events });
    }
  }
  changed.length = writes.length = updates.length = kept;
  return folded;
}

function piecesOf(rows: readonly RowEvents[], size: number): (readonly RowEvents[])[] {
  if (rows.length <= size) return [rows];
  const pieces: (readonly RowEvents[])[] = [];
  for (let from = 0; from < rows.length; from += size) pieces.push(rows.slice(from, from + size));
  return pieces;
}

/** A row that other shards fill as well can be overtaken now and then; one that always is points at a fault. */
const attempts = 20;
/** In ms, of a wait with "full jitter" (lib/client/retry.ts says where that is from). */
const longestWait = 200;
/** So often a run may be missing, because its row was just rewritten, before it counts as lost. */
const patience = 5;
