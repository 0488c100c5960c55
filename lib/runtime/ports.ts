import type { Plan } from '../kernel/plan.ts';
import type { Position } from '../kernel/position.ts';

/**
 * What the use cases need of the world. Each port has one conformance suite in test/conformance, run against every
 * adapter in lib/adapters.
 *
 * Failures: a method rejects with a `StoreError` (errors.ts) whose `reason` says whether trying again can help.
 * Absent is never an error: it is null.
 */

/** Milliseconds since 1970-01-01 UTC. A replay's clock is moved by the events it replays. */
export interface Clock {
  now(): number;
  /** Resolves after about so many milliseconds of the wall. A clock without it makes nobody wait. */
  wait?(ms: number): Promise<void>;
}

/** One record of the log, as it was appended. `data` is the event's JSON (or several, one a line). */
export interface LogRecord {
  readonly shard: string;
  readonly sequence: number | bigint;
  /** Stamped by the log when it was appended; never decreases within a stream. */
  readonly arrivalTime: number;
  readonly data: Uint8Array;
}

export interface LogAppend {
  /** Decides the shard: equal keys go to one shard, in the order of their appends. */
  readonly partitionKey: string;
  readonly data: Uint8Array;
  /** Stamped as its arrival instead of the clock's time, as replays need; never below the stream's latest arrival. */
  readonly arrivalTime?: number;
}

/** How far a source (a file) was read into the log; stored with the events it stands for, atomically. */
export interface SourceCheckpoint {
  readonly source: string;
  /** Opaque to the log. */
  readonly state: string;
}

/** A durable, sharded log of one stream. */
export interface EventLog {
  /** The name of this life of the stream: another one after it was deleted and made again. */
  readonly incarnation: string;
  /** The ids of its shards, in a fixed order. */
  readonly shards: readonly string[];
  /**
   * Appends in order and stamps arrival; when it resolves, the events are durable, with the checkpoint. Gives the
   * records that the events became, in their order.
   */
  append(
    events: readonly LogAppend[],
    options?: { readonly checkpoint?: SourceCheckpoint },
  ): Promise<readonly LogRecord[]>;
  /** Up to `limit` records of a shard above `after` (from the oldest kept when null), in order. */
  read(shard: string, after: number | bigint | null, limit: number): Promise<readonly LogRecord[]>;
  readCheckpoint(source: string): Promise<string | null>;
  /** Forgets records that arrived before `time`, but none above `keepAfter` (by shard: what is not processed yet). */
  truncate(time: number, keepAfter: ReadonlyMap<string, number | bigint>): Promise<void>;
}

/**
 * A row as stored: its version (the `v` of DESIGN, above 0) and its bytes (the kernel's row codec). A store may keep
 * and hand out again the arrays it was given: nobody changes them. They may be views of larger buffers.
 */
export interface StoredRow {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** Replaces the row at `key` if its version is still `expected` (0: if there is no row). */
export interface RowWrite {
  readonly key: string;
  readonly expected: number;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** What became of one write. Of a failed one it is unknown whether it took effect: read again. */
export type WriteOutcome = 'written' | 'conflict' | 'throttled' | 'failed';

/** Feature rows with conditional writes, the runs they refer to, and the progress of each shard. */
export interface StateStore {
  /**
   * The rows at these keys, in their order; null where there is none. Strongly consistent. Keys are distinct: a store
   * may refuse to read one twice, as DynamoDB does. A store that need not wait for them gives them at once; a failure
   * is a rejection all the same.
   */
  read(
    table: string,
    keys: readonly string[],
  ): readonly (StoredRow | null)[] | Promise<readonly (StoredRow | null)[]>;
  /** Writes each row on its own condition; the outcomes in the order of `writes`. Keys are distinct. */
  write(table: string, writes: readonly RowWrite[]): Promise<readonly WriteOutcome[]>;
  /** Runs are immutable: written once under a new id, before the row that names them. */
  writeRuns(
    table: string,
    runs: readonly { readonly id: string; readonly bytes: Uint8Array }[],
  ): Promise<void>;
  readRuns(table: string, ids: readonly string[]): Promise<readonly (Uint8Array | null)[]>;
  deleteRuns(table: string, ids: readonly string[]): Promise<void>;
  /** The position through which all rows of all events of a shard are written, by shard. Strongly consistent. */
  readProgress(incarnation: string): Promise<ReadonlyMap<string, ShardProgress>>;
  /** Moves a shard's progress forward; a position at or below the present one changes nothing. */
  advanceProgress(incarnation: string, shard: string, to: ShardProgress): Promise<void>;
  /** What was noted last under this name in this life of the stream; null where nothing was. Strongly consistent. */
  readNote(incarnation: string, name: string): Promise<string | null>;
  /** Small texts that outlive the process. The last one written counts. */
  writeNote(incarnation: string, name: string, text: string): Promise<void>;
  /** Every key of a table, for tools and checks; in no promised order. */
  scan(table: string): AsyncIterable<string>;
  /**
   * Told of rows that a retry read at `readAt` and found written by an earlier attempt: where readers have a cache, that
   * attempt may have ended before it showed them. Stores without one leave it out.
   */
  republish?(table: string, rows: readonly CachedRow[], readAt: number): Promise<void>;
  /**
   * Watches the rows under a key, in all tables: what was read at once, in the same turn of the event loop, is what `read`
   * would give until they have changed. Stores that do not see each write of their rows leave it out.
   */
  watch?(key: string): RowWatch;
  /** Of how many rows it is best read and written at once, where many are: all of them if it does not say. */
  readonly rowsAtOnce?: number;
}

export interface RowWatch {
  /** Whether a row may be another one by now. Once true it stays so. */
  readonly hasChanged: boolean;
  /** Nobody asks any more; a second call does nothing. */
  end(): void;
}

/** What a cache holds of a key: the row as a store had it, null where it had none. */
export interface CachedRow {
  readonly key: string;
  readonly row: StoredRow | null;
}

/**
 * Rows nearer to readers than their store. What it gives is what the store had no longer ago than the cache's bound, and
 * never an older version after a newer one, unless it lost the newer before its time. Neither method ever rejects: a
 * cache that fails is an empty one.
 */
export interface RowCache {
  /** In the order of the keys: undefined where nothing is known, or not in time. */
  read(table: string, keys: readonly string[]): Promise<readonly (StoredRow | null | undefined)[]>;
  /**
   * Puts rows there that the store had at `knownAt` (ms of the wall) or later: none over a newer version, and none that
   * comes half the bound after `knownAt`. Resolves when it is done or given up.
   */
  publish(table: string, rows: readonly CachedRow[], knownAt: number): Promise<void>;
}

export type ShardPosition = Omit<Position, 'shard'>;

export interface ShardProgress extends ShardPosition {
  /** Which code moved it there; what it stands for is the writer's choice. */
  readonly code?: string;
}

export const quarantineReasons = [
  'not-json',
  'bad-encoding',
  'too-large',
  'schema',
  'no-key',
  'too-old',
  'late',
  'future',
] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

/** An event that was set aside, with all that is needed to understand it and to send it again. */
export interface QuarantinedEvent {
  readonly stream: string;
  readonly position: Position;
  readonly arrivalTime: number;
  readonly reason: QuarantineReason;
  /** What is wrong, where, in words: `field price: expected float, got "abc"`. */
  readonly detail: string;
  /** The record's bytes, untouched. */
  readonly payload: Uint8Array;
}

/** Keyed by stream and position, so that a retry puts an event there once. */
export interface Quarantine {
  put(events: readonly QuarantinedEvent[]): Promise<void>;
  /** Oldest position first within a stream; `limit` at most. */
  list(filter: {
    readonly stream?: string;
    readonly reason?: QuarantineReason;
    readonly limit: number;
  }): Promise<readonly (QuarantinedEvent & { readonly id: string })[]>;
  get(id: string): Promise<(QuarantinedEvent & { readonly id: string }) | null>;
  /** Forgets these events, durably when it resolves; ids of none are passed over. */
  remove(ids: readonly string[]): Promise<void>;
  count(): Promise<ReadonlyMap<QuarantineReason, number>>;
}

/**
 * Why an event is missing in a row: the row's bytes cannot be read; it would have become too large; or to process the
 * event ended the process, again and again.
 */
export const unappliedReasons = ['corrupt', 'too-large', 'crash'] as const;
export type UnappliedReason = (typeof unappliedReasons)[number];

/** An event that counts, and that one row could not take. All other rows have it. */
export interface UnappliedEvent {
  readonly stream: string;
  /** The life of the stream that the position belongs to. */
  readonly incarnation: string;
  readonly position: Position;
  readonly arrivalTime: number;
  readonly table: string;
  /** The row's key. */
  readonly key: string;
  /** The row's fault that it waits for the end of; null for `crash`, which is no fault of the row. */
  readonly fault: string | null;
  readonly reason: UnappliedReason;
  readonly detail: string;
  /** The event's bytes, untouched. */
  readonly payload: Uint8Array;
}

/**
 * Events that rows lack. An entry alone says nothing: it holds while its row says that it is faulty, or that it lacks
 * the event (redrive-unapplied.ts). Keyed by table, row, fault, life and position, so that a retry puts one there once.
 */
export interface UnappliedStore {
  put(events: readonly UnappliedEvent[]): Promise<void>;
  /** Grouped by table and row; of a row by life, shard and position, in this order. */
  list(filter: {
    readonly table?: string;
    readonly key?: string;
    readonly limit: number;
  }): Promise<readonly (UnappliedEvent & { readonly id: string })[]>;
  /** Forgets these entries, durably when it resolves; ids of none are passed over. */
  remove(ids: readonly string[]): Promise<void>;
  count(): Promise<ReadonlyMap<UnappliedReason, number>>;
}

/** A Plan as it was deployed. */
export interface DeployedPlan {
  readonly plan: Plan;
  /** What the state store calls each of the Plan's tables (plan-tables.ts), by the Plan's name of it. */
  readonly tables: Readonly<Record<string, string>>;
}

/** That a Plan counts, since when, and what came before it. */
export interface Activation {
  /** The Plan's hash. */
  readonly plan: string;
  /** How many there were, this one included. */
  readonly number: number;
  readonly activatedAt: number;
  /** The hash of the Plan that counted before; null where none did. */
  readonly previous: string | null;
  /** Since when (ms) tables of earlier Plans get no events any more, by the store's name of the table. */
  readonly retired: Readonly<Record<string, number>>;
}

/**
 * Which Plan all invocations compute by (DESIGN, "Plans in flight"), and the Plans that do, did or will count. Whoever
 * deploys writes it, all others read it.
 */
export interface ActivePlan {
  /** Null before the first activation. Strongly consistent. */
  read(): Promise<Activation | null>;
  /** Moves the pointer, if the last activation is the one before `to.number` (0: there is none); whether it did. */
  activate(to: Activation): Promise<boolean>;
  /** Strongly consistent. */
  readPlan(hash: string): Promise<DeployedPlan | null>;
  /** Kept under the Plan's hash; the last one written counts. */
  writePlan(deployed: DeployedPlan): Promise<void>;
}
