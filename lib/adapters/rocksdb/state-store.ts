import { compareInShard } from '../../kernel/position.ts';
import { StoreError } from '../../runtime/errors.ts';
import type { RowWrite, ShardProgress, StateStore, StoredRow, WriteOutcome } from '../../runtime/ports.ts';
import type { DataDirectory } from './data-directory.ts';
import type { Database, WriteBatch } from './database.ts';
import { type KeyWriter, keysUnder, keyWriter, textKey } from './keys.ts';
import { perDatabase } from './per-database.ts';
import { createRowCache, type KnownRow, noRow, type RowCache, type TableCache } from './row-cache.ts';
import { createRowWatches, type RowWatches } from './row-watches.ts';
import { createScratch } from './scratch.ts';
import type { WrittenRows } from './written-rows.ts';

export interface StateStoreOptions {
  /** About how much memory rows are kept in; 192 MiB by default. The first store over a directory decides. */
  readonly cacheBytes?: number;
  /** Told of rows that were written, and of such that may have been. */
  readonly observer?: RowObserver;
}

export interface RowObserver {
  written(table: string, writes: readonly RowWrite[]): void;
  lost(table: string, keys: readonly string[]): void;
}

/** Another thread that judges and writes the rows of a table. What it wrote is adopted before `write` resolves. */
export type TableOwner = Pick<StateStore, 'write'>;

/**
 * The state store in a data directory.
 *
 * The directory is locked, so this process is the rows' only writer, and what it has read or written it may remember:
 * conditions are judged, and rows read, from a bounded cache that every write goes through. Judging and writing happen
 * in one turn of the event loop, so that of two writes with the same expectation one wins.
 *
 * Of tables that are lent to another thread it judges nothing: their writes go there, and the cache holds what that
 * thread said it wrote.
 *
 * Bytes passed in or handed out are kept by the cache: do not change them afterwards.
 *
 * Writes outlive the process as soon as they resolve, and a power failure once the event log has synced: both are in
 * one write-ahead log, so the rows never know of more events than the log, and what is lost is processed again.
 */
export function createStateStore(
  { database }: Pick<DataDirectory, 'database'>,
  options: StateStoreOptions = {},
): StateStore {
  const shared = sharedOf(database);
  shared.cache ??= createRowCache(options.cacheBytes ?? defaultCacheBytes);
  const { cache, owners, watches } = shared;
  const keyWriters = new Map<string, KeyWriter>();

  function keyWriterOf(table: string): KeyWriter {
    const known = keyWriters.get(table);
    if (known !== undefined) return known;
    const writer = keyWriter(table);
    keyWriters.set(table, writer);
    return writer;
  }

  /** What the table holds at these keys; what the cache does not know is read at once. */
  function look(table: string, known: TableCache, keys: readonly string[]): KnownRow[] {
    const rows = known.get(keys);
    const unknown: number[] = [];
    for (let i = 0; i < rows.length; i++) if (rows[i] === undefined) unknown.push(i);
    if (unknown.length > 0) {
      const missing = unknown.map(i => keys[i]!);
      const values = database.getMany(
        'rows',
        missing.map(key => textKey(table, key)),
      );
      const found = values.map(value => (value === undefined ? noRow : decodeRow(value)));
      known.set(missing, found);
      for (let n = 0; n < unknown.length; n++) rows[unknown[n]!] = found[n];
    }
    return rows as KnownRow[];
  }

  return {
    read(table, keys) {
      try {
        return look(table, cache.table(table), keys).map(row => (row.bytes === null ? null : row));
      } catch (error) {
        return Promise.reject(error);
      }
    },

    async write(table, writes) {
      if (writes.length === 0) return [];
      const owner = owners.get(table);
      if (owner !== undefined) return owner.write(table, writes);
      const known = cache.table(table);
      const keyOf = keyWriterOf(table);
      const keys = writes.map(keyOfWrite);
      let versions = known.versions(keys);
      if (versions.some(Number.isNaN)) versions = look(table, known, keys).map(row => row.version);
      const outcomes = judge(writes, versions);
      if (outcomes.includes('conflict')) {
        const due = writes.filter((_, i) => outcomes[i] === 'written');
        const dueKeys = due.map(write => write.key);
        writeRows(database, { known, keyOf, watches }, table, dueKeys, due, options.observer);
      } else {
        writeRows(database, { known, keyOf, watches }, table, keys, writes, options.observer);
      }
      return outcomes;
    },

    async writeRuns(table, runs) {
      database.write(batch => {
        for (const { id, bytes } of runs) batch.put('runs', textKey(table, id), asBuffer(bytes));
      });
    },

    async readRuns(table, ids) {
      return database
        .getMany(
          'runs',
          ids.map(id => textKey(table, id)),
        )
        .map(bytes => bytes ?? null);
    },

    async deleteRuns(table, ids) {
      database.write(batch => {
        for (const id of ids) batch.delete('runs', textKey(table, id));
      });
    },

    async readProgress(incarnation) {
      const range = keysUnder(incarnation);
      const progress = new Map<string, ShardProgress>();
      for (const { key, value } of database.iterate('progress', range)) {
        progress.set(key.toString('utf8', range.gte.length), decodePosition(value));
      }
      return progress;
    },

    async advanceProgress(incarnation, shard, to) {
      const key = textKey(incarnation, shard);
      const known = database.get('progress', key);
      if (known !== null && compareInShard(decodePosition(known), to) >= 0) return;
      database.write(batch => batch.put('progress', key, encodePosition(to)));
    },

    async readNote(incarnation, name) {
      return database.get('progress', noteKey(incarnation, name))?.toString() ?? null;
    },

    async writeNote(incarnation, name, text) {
      database.write(batch => batch.put('progress', noteKey(incarnation, name), Buffer.from(text)));
    },

    async *scan(table) {
      const range = keysUnder(table);
      for (const key of database.keys('rows', range)) yield key.toString('utf8', range.gte.length);
    },

    watch: watches.watch,
    rowsAtOnce: 1_000,
  };
}

const keyOfWrite = ({ key }: RowWrite): string => key;

function judge(writes: readonly RowWrite[], versions: readonly number[]): WriteOutcome[] {
  const outcomes: WriteOutcome[] = [];
  for (let i = 0; i < writes.length; i++)
    outcomes.push(versions[i] === writes[i]!.expected ? 'written' : 'conflict');
  return outcomes;
}

/** Enough for 200,000 rows of a usual size; docs/decisions/0006 has why no more. */
const defaultCacheBytes = 192 << 20;
/** Stores over one directory share their cache: each is the only writer only together with the others. */
const sharedOf = perDatabase(
  (): { cache?: RowCache; readonly owners: Map<string, TableOwner>; readonly watches: RowWatches } => ({
    owners: new Map(),
    watches: createRowWatches(),
  }),
);

/** Tables that another thread writes. */
export interface LentTables {
  adopt(written: WrittenRows): void;
  /** Once the other thread has written its last row. */
  takeBack(): void;
}

/** Lends tables of a directory's store to another thread, which must not know of any of their rows yet. */
export function lendTables(
  { database }: DataDirectory,
  tables: readonly string[],
  owner: TableOwner,
): LentTables {
  const { cache, owners, watches } = sharedOf(database);
  for (const table of tables) owners.set(table, owner);
  return {
    adopt(written) {
      cache?.adopt(written);
      for (const { keys, lost } of written.tables) {
        watches.changed(keys);
        watches.changed(lost);
      }
    },
    takeBack() {
      for (const table of tables) {
        owners.delete(table);
        // What it wrote last it may not have told.
        cache?.table(table).clear();
      }
      watches.allChanged();
    },
  };
}

/** One for all rows: a batch copies what it is given. */
const scratch = createScratch();

interface RowWriter {
  readonly known: TableCache;
  readonly keyOf: KeyWriter;
  readonly watches: RowWatches;
}

/** Writes all or none. */
function writeRows(
  database: Database,
  { known, keyOf, watches }: RowWriter,
  table: string,
  keys: readonly string[],
  writes: readonly RowWrite[],
  observer: RowObserver | undefined,
): void {
  if (writes.length === 0) return;
  try {
    database.write(batch => putRows(batch, keyOf, writes));
  } catch (error) {
    // It may have reached the disk or not.
    known.forget(keys);
    watches.changed(keys);
    observer?.lost(table, keys);
    throw error;
  }
  known.set(keys, writes);
  watches.changed(keys);
  observer?.written(table, writes);
}

function putRows(batch: WriteBatch, keyOf: KeyWriter, writes: readonly RowWrite[]): void {
  for (const { key, version, bytes } of writes) {
    const value = scratch(header + bytes.length);
    value.writeDoubleLE(version, 0);
    value.set(bytes, header);
    batch.put('rows', keyOf(key), value);
  }
}

/** A row is stored as its version, a double, followed by its bytes. */
const header = 8;

/** Bytes that are no row are handed out as such: under a version to condition a write on, and as bytes of no codec. */
function decodeRow(value: Buffer): StoredRow {
  const version = value.length < header ? 0 : value.readDoubleLE(0);
  if (!(version > 0 && version <= Number.MAX_SAFE_INTEGER))
    return { version: Number.MIN_VALUE, bytes: Uint8Array.of(0, ...value) };
  return { version, bytes: new Uint8Array(value.buffer, value.byteOffset + header, value.length - header) };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Notes stand beside the shards' progress, under a name that no stream's life has. */
const noteKey = (incarnation: string, name: string): Buffer => textKey('#notes', incarnation, name);

/** `12/0`, or `12n/0` where the sequence number is a bigint; then a blank and the code, where it is known. */
const encodePosition = ({ sequence, index, code }: ShardProgress): Buffer =>
  Buffer.from(
    `${sequence}${typeof sequence === 'bigint' ? 'n' : ''}/${index}${code === undefined ? '' : ` ${code}`}`,
  );

function decodePosition(bytes: Buffer): ShardProgress {
  const match = /^(\d+)(n?)\/(\d+)(?: (.*))?$/s.exec(bytes.toString());
  if (match === null) {
    throw new StoreError(
      'corrupt',
      `progress: ${JSON.stringify(bytes.toString())} is no position. Restore the directory from a copy.`,
    );
  }
  const [, digits, big, index, code] = match;
  const position = { sequence: big ? BigInt(digits!) : Number(digits), index: Number(index) };
  return code === undefined ? position : { ...position, code };
}
