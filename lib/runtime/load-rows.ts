import { CorruptBytesError, NewerCodecError, newestOf, openRow, type RowOf } from '../kernel/index.ts';
import type { Deadline, RowSource } from './deadline.ts';
import { StoreError } from './errors.ts';
import type { GroupView } from './group-view.ts';
import type { StoredRow } from './ports.ts';
import { storedRunId } from './rows.ts';

/** What a read found out about one row. */
export interface LoadedRow {
  readonly key: string;
  /** Of the row as it was read; 0 where there is none. */
  readonly version: number;
  readonly status: 'known' | 'unknown' | 'failed';
  /** The time of the newest event; −∞ where there is none. */
  readonly newest: number;
  /** Its state in encoded parts, the row's own and its runs'; none of an unknown or failed one. */
  readonly parts: readonly Uint8Array[];
  /** How many events were set aside for the row one by one, which its state lacks. */
  readonly lacks?: number;
  readonly error?: string;
}

/** What all rows of a request have in common. */
export interface Reading {
  readonly store: RowSource;
  /** The clock's time, or the one that is asked for. */
  readonly now: number;
  /** Asked for once something has to be waited for. */
  readonly deadline: () => Deadline;
}

/** Whose rows are read. */
type RowsOf = Pick<GroupView, 'kernel' | 'table' | 'known'>;

/**
 * A group's rows with their runs, in the order of `keys`, which are distinct: `stored` is what the store gave for them, and
 * all their runs are read at once, where there are any. At once, where the store gives the rows at once and none has runs. What cannot be read fails
 * alone, and is never taken for a row that is not there.
 *
 * States stay bytes until they are finished. Only one whose newest event is not before `now` is decoded first: it is
 * going to decide for which time all rows answer, and bytes that make no sense must not.
 */
export function loadRows(
  of: RowsOf,
  keys: readonly string[],
  stored: StoredRows | Promise<StoredRows>,
  reading: Reading,
): readonly LoadedRow[] | Promise<readonly LoadedRow[]> {
  if (stored instanceof Promise) return loadInRounds(of, keys, reading, reading.deadline().inTime(stored));
  const rows: LoadedRow[] = [];
  for (let i = 0; i < keys.length; i++) {
    const row = openOne(of, reading.now, keys[i]!, stored[i]!);
    if (!('status' in row)) return loadInRounds(of, keys, reading, Promise.resolve(stored));
    rows.push(row);
  }
  return rows;
}

async function loadInRounds(
  of: RowsOf,
  keys: readonly string[],
  reading: Reading,
  first: Promise<StoredRows>,
): Promise<readonly LoadedRow[]> {
  const loaded = await loadOnce(of, keys, reading, first);
  for (let round = 1; round < rounds && loaded.includes(null); round++) {
    const places = [...loaded.keys()].filter(i => loaded[i] === null);
    const wanted = places.map(i => keys[i]!);
    const later = (async () => reading.store.read(of.table, wanted))();
    const again = await loadOnce(of, wanted, reading, reading.deadline().inTime(later));
    for (const [n, i] of places.entries()) loaded[i] = again[n]!;
  }
  return loaded.map((row, i) => row ?? failed(of, keys[i]!, 'runs that the row names are missing'));
}

/** Each time a run was replaced between the reads, the row has been rewritten: more than once or twice is a fault. */
const rounds = 5;

export type StoredRows = readonly (StoredRow | null)[];

/** Null where a run is gone: the row was rewritten meanwhile and names others by now. */
async function loadOnce(
  of: RowsOf,
  keys: readonly string[],
  { store, now, deadline }: Reading,
  rowsRead: Promise<StoredRows>,
): Promise<(LoadedRow | null)[]> {
  const stored = await rowsRead.catch(storeError);
  if (stored instanceof StoreError) return keys.map(key => failed(of, key, stored.message));
  const rows = stored.map((row, i) => openOne(of, now, keys[i]!, row));
  const ids = rows.flatMap(row =>
    'status' in row ? [] : row.head.runs.map(run => storedRunId(row.key, run.id)),
  );
  const runs =
    ids.length === 0 ? [] : await deadline().inTime(store.readRuns(of.table, ids)).catch(storeError);
  let at = 0;
  return rows.map(row => {
    if ('status' in row) return row;
    const { key, version, head } = row;
    if (runs instanceof StoreError) return failed(of, key, runs.message);
    const own = runs.slice(at, at + head.runs.length);
    at += own.length;
    const found = own.filter(run => run !== null);
    if (found.length < own.length) return null;
    return readable(of, key, () => whole(of, now, key, version, head, [head.state, ...found]));
  });
}

/** A row that names runs, which have to be read. */
interface HeadRow {
  readonly key: string;
  readonly version: number;
  readonly head: RowOf<Uint8Array>;
}

function openOne(of: RowsOf, now: number, key: string, stored: StoredRow | null): LoadedRow | HeadRow {
  if (stored === null) return unknown(key);
  const { version } = stored;
  const known = of.known(key, version);
  if (known !== undefined && known.newest < now) return known;
  return readable(of, key, () => {
    const head = openRow(stored.bytes);
    if (head.fault !== null) return failed(of, key, `${head.fault.detail}; its events are set aside`);
    if (head.runs.length > 0) return { key, version, head };
    return whole(of, now, key, version, head, [head.state]);
  });
}

/** A home row may hold ids and no event that counts: that makes no entity known. */
function whole(
  { kernel }: RowsOf,
  now: number,
  key: string,
  version: number,
  { setAside }: RowOf<Uint8Array>,
  parts: readonly Uint8Array[],
): LoadedRow {
  const newest = Math.max(...parts.map(newestOf));
  if (newest >= now) for (const part of parts) kernel.decode(part);
  const isKnown = newest !== Number.NEGATIVE_INFINITY;
  const row: LoadedRow = isKnown ? { key, version, status: 'known', newest, parts } : unknown(key);
  return setAside.length === 0 ? row : { ...row, lacks: setAside.length };
}

const nothing = { version: 0, newest: Number.NEGATIVE_INFINITY, parts: [] } as const;

const unknown = (key: string): LoadedRow => ({ key, status: 'unknown', ...nothing });

function failed({ table }: RowsOf, key: string, message: string): LoadedRow {
  const where = `table ${table}, row ${key}: `;
  return { key, status: 'failed', ...nothing, error: message.startsWith(where) ? message : where + message };
}

/** What `decode` makes of stored bytes, or the failure that bytes no code here can read are. */
function readable<T>(of: RowsOf, key: string, decode: () => T): T | LoadedRow {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof CorruptBytesError || error instanceof NewerCodecError)) throw error;
    return failed(of, key, error.message);
  }
}

function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  throw error;
}
