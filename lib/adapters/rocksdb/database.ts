import { RocksLevel } from '@nxtedition/rocksdb';
import { StoreError } from '../../runtime/errors.ts';
import { type Column, columnOptions, columns } from './columns.ts';
import { createDiskSync } from './disk-sync.ts';

/**
 * The place that knows @nxtedition/rocksdb, with disk-sync.ts. Reads and writes are synchronous: batches of thousands
 * of small rows take a few milliseconds, and what is checked and written in one turn of the event loop needs no lock.
 * One database holds everything, so that its write-ahead log orders everything: after a crash it is as it was after
 * some write, whole.
 *
 * Every call throws a StoreError when the database is closed or RocksDB fails; what `fill` throws passes as it is.
 */
export interface Database {
  get(column: Column, key: Buffer): Buffer | null;
  /** In the order of `keys`; each buffer is the caller's own. */
  getMany(column: Column, keys: readonly Buffer[]): (Buffer | undefined)[];
  /** What `fill` puts and deletes becomes visible at once, or, if either throws, not at all. */
  write(fill: (batch: WriteBatch) => void, options?: WriteOptions): void;
  /** Resolves when all that was written before is on the disk (fsync); the event loop goes on meanwhile. */
  sync(): Promise<void>;
  /** Entries with `gte ≤ key < lt`, in the order of their keys' bytes. */
  range(column: Column, range: KeyRange & { readonly limit: number; readonly reverse?: boolean }): Entry[];
  /** The same without a limit, read in pieces; it sees what is written meanwhile ahead of it. */
  iterate(column: Column, range: KeyRange): Generator<Entry>;
  keys(column: Column, range: KeyRange): Generator<Buffer>;
  /** Deletes the entries with `gte ≤ key < lt`. */
  deleteRange(column: Column, range: KeyRange): Promise<void>;
  /** For `joinDatabase` in another thread of this process. */
  readonly handle: bigint;
  /** Lets closing wait for what another thread does with it. */
  endFirst(end: () => Promise<void>): void;
  /** Gives the folder free, also when it rejects: RocksDB reports a failed write once more. */
  close(): Promise<void>;
}

export interface WriteBatch {
  /** Key and value are copied: they may be changed afterwards. */
  put(column: Column, key: Buffer, value: Buffer): void;
  delete(column: Column, key: Buffer): void;
}

export interface WriteOptions {
  /** Wait for the disk (fsync) at once. Without it, or `sync()`, a write outlives the process, not a power failure. */
  readonly sync?: boolean;
}

export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

const chunk = { entries: 1_000, bytes: 4 << 20 };

/** Opens the database in the folder `path`, which it makes if needed. Rejects with the native error. */
export async function openDatabase(path: string): Promise<Database> {
  const native = new RocksLevel(path, {
    createIfMissing: true,
    parallelism: 2,
    // On by default: time in every write for bytes that are soon deleted.
    walCompression: false,
    columns: columnOptions,
  });
  await native.open();
  const disk = createDiskSync(native.handle);
  return databaseOver(native, path, {
    sync: () => disk.sync(),
    async close() {
      await disk.end();
      await native.close();
    },
  });
}

/** The database that another thread of this process has open, and closes after this one's last call. */
export async function joinDatabase(handle: bigint): Promise<Database> {
  const native = new RocksLevel(handle);
  await native.open();
  const owns = 'only the thread that opened a database syncs and closes it';
  return databaseOver(native, native.location, {
    sync: () => Promise.reject(new Error(owns)),
    close: () => Promise.reject(new Error(owns)),
  });
}

function databaseOver(
  native: RocksLevel,
  path: string,
  owner: { sync(): Promise<void>; close(): Promise<void> },
): Database {
  const handles = Object.fromEntries(
    columns.map(name => [name, { column: native.columns[name]! }]),
  ) as Record<Column, { readonly column: (typeof native.columns)[string] }>;
  // One native batch for ever: each one made is kept by the database until it closes.
  const batch = native.batch();
  const open: WriteBatch = {
    put: (column, key, value) => batch._put(key, value, handles[column]),
    delete: (column, key) => batch._del(key, handles[column]),
  };
  const ends: (() => Promise<void>)[] = [];
  let closing: Promise<void> | null = null;

  /** The native side does not check: a call on a closed database ends the process. */
  function guarded<T>(what: string, call: () => T): T {
    if (closing) throw new StoreError('unavailable', `${what}: the database in ${path} is closed`);
    try {
      return call();
    } catch (error) {
      throw error instanceof StoreError ? error : storeError(`${what} in ${path}`, error);
    }
  }

  function query(column: Column, range: KeyRange, limit: number, values: boolean, reverse = false) {
    return guarded(`reading ${column}`, () =>
      native.querySync({
        ...handles[column],
        gte: range.gte,
        lt: range.lt,
        limit,
        reverse,
        values,
        highWaterMarkBytes: chunk.bytes,
        keyEncoding: 'buffer',
        valueEncoding: 'buffer',
      }),
    );
  }

  function* pieces(column: Column, range: KeyRange, values: boolean): Generator<(Buffer | undefined)[]> {
    let { gte } = range;
    for (;;) {
      const { rows, finished } = query(column, { gte, lt: range.lt }, chunk.entries, values);
      if (rows.length > 0) {
        yield rows;
        gte = successor(rows[rows.length - 2]!);
      }
      // A piece that reached its limit says "finished" too.
      if (rows.length === 0 || (finished && rows.length < 2 * chunk.entries)) return;
    }
  }

  return {
    get: (column, key) =>
      guarded(`reading ${column}`, () => native._getManySync([key], handles[column])[0] ?? null),

    getMany: (column, keys) => guarded(`reading ${column}`, () => native._getManySync(keys, handles[column])),

    write(fill, { sync = false } = {}) {
      guarded('writing', () => batch._clear());
      try {
        fill(open);
        guarded('writing', () => batch._writeSync({ sync }));
      } finally {
        if (!closing) batch._clear();
      }
    },

    async sync() {
      await guarded('waiting for the disk', () => owner.sync()).catch(cause => {
        throw storeError(`waiting for the disk in ${path}`, cause);
      });
    },

    range(column, { limit, reverse = false, gte, lt }) {
      const entries: Entry[] = [];
      while (entries.length < limit) {
        const { rows, finished } = query(column, { gte, lt }, limit - entries.length, true, reverse);
        for (let i = 0; i < rows.length; i += 2) entries.push({ key: rows[i]!, value: rows[i + 1]! });
        if (finished || rows.length === 0) break;
        const last = rows[rows.length - 2]!;
        if (reverse) lt = last;
        else gte = successor(last);
      }
      return entries;
    },

    *iterate(column, range) {
      for (const rows of pieces(column, range, true)) {
        for (let i = 0; i < rows.length; i += 2) yield { key: rows[i]!, value: rows[i + 1]! };
      }
    },

    *keys(column, range) {
      for (const rows of pieces(column, range, false)) {
        for (let i = 0; i < rows.length; i += 2) yield rows[i]!;
      }
    },

    async deleteRange(column, { gte, lt }) {
      await guarded(`deleting from ${column}`, () => native._clear({ ...handles[column], gte, lt })).catch(
        cause => {
          throw storeError(`deleting from ${column} in ${path}`, cause);
        },
      );
    },

    handle: native.handle,

    endFirst(end) {
      ends.push(end);
    },

    close() {
      closing ??= Promise.all(ends.map(end => end()))
        .then(() => owner.close())
        .catch(error => {
          // After a failed write there is nothing more to write; the folder is free all the same.
          throw storeError(`closing ${path}`, error.cause ?? error);
        });
      return closing;
    },
  };
}

/** The least key after `key`. */
const successor = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0)]);

function storeError(what: string, cause: unknown): StoreError {
  const { code, message } = cause as { code?: string; message: string };
  if (code === 'LEVEL_CORRUPTION') {
    return new StoreError('corrupt', `${what}: ${message}. Restore the directory from a copy.`, { cause });
  }
  if (/no space left|disk quota/i.test(message)) {
    return new StoreError('full', `${what}: ${message}. Free disk space, then start again.`, { cause });
  }
  return new StoreError('unavailable', `${what}: ${message}`, { cause });
}
