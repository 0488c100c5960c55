import {
  CorruptBytesError,
  type GroupKernel,
  NewerCodecError,
  newestOf,
  openRow,
  type RowOf,
} from '../kernel/index.ts';
import type { RowSource } from './deadline.ts';
import { StoreError } from './errors.ts';
import { storedRunId, tableOf } from './rows.ts';

/** What a read found out about one row. */
export interface LoadedRow {
  readonly key: string;
  readonly status: 'known' | 'unknown' | 'failed';
  /** The time of the newest event; −∞ where there is none. */
  readonly newest: number;
  /** Its state in encoded parts, the row's own and its runs'; none of an unknown or failed one. */
  readonly parts: readonly Uint8Array[];
  /** How many events were set aside for the row one by one, which its state lacks. */
  readonly lacks?: number;
  readonly error?: string;
}

/**
 * A group's rows with their runs, in the order of `keys`, which are distinct: one read of all rows, and one of all their
 * runs where there are any. What cannot be read fails alone, and is never taken for a row that is not there.
 *
 * States stay bytes until they are finished. Only one whose newest event is not before `now` is decoded first: it is
 * going to decide for which time all rows answer, and bytes that make no sense must not.
 */
export async function loadRows(
  store: RowSource,
  kernel: GroupKernel,
  keys: readonly string[],
  now: number,
): Promise<readonly LoadedRow[]> {
  const loaded = await loadOnce(store, kernel, keys, now);
  for (let round = 1; round < rounds && loaded.includes(null); round++) {
    const places = [...loaded.keys()].filter(i => loaded[i] === null);
    const again = await loadOnce(
      store,
      kernel,
      places.map(i => keys[i]!),
      now,
    );
    for (const [n, i] of places.entries()) loaded[i] = again[n]!;
  }
  return loaded.map((row, i) => row ?? failed(kernel, keys[i]!, 'runs that the row names are missing'));
}

/** Each time a run was replaced between the reads, the row has been rewritten: more than once or twice is a fault. */
const rounds = 5;

/** Null where a run is gone: the row was rewritten meanwhile and names others by now. */
async function loadOnce(
  store: RowSource,
  kernel: GroupKernel,
  keys: readonly string[],
  now: number,
): Promise<(LoadedRow | null)[]> {
  const table = tableOf(kernel.group);
  const stored = await store.read(table, keys).catch(storeError);
  if (stored instanceof StoreError) return keys.map(key => failed(kernel, key, stored.message));
  const rows = stored.map((row, i) =>
    row === null ? unknown(keys[i] as string) : readable(kernel, keys[i] as string, () => openRow(row.bytes)),
  );
  const ids = rows.flatMap((row, i) =>
    'status' in row || row.fault !== null ? [] : row.runs.map(run => storedRunId(keys[i] as string, run.id)),
  );
  const runs = ids.length === 0 ? [] : await store.readRuns(table, ids).catch(storeError);
  let at = 0;
  return rows.map((row, i) => {
    if ('status' in row) return row;
    const key = keys[i] as string;
    if (row.fault !== null) return failed(kernel, key, `${row.fault.detail}; its events are set aside`);
    if (row.runs.length === 0) return readable(kernel, key, () => of(kernel, key, row, [row.state], now));
    if (runs instanceof StoreError) return failed(kernel, key, runs.message);
    const own = runs.slice(at, at + row.runs.length);
    at += own.length;
    const found = own.filter(run => run !== null);
    if (found.length < own.length) return null;
    return readable(kernel, key, () => of(kernel, key, row, [row.state, ...found], now));
  });
}

/** A home row may hold ids and no event that counts: that makes no entity known. */
function of(
  kernel: GroupKernel,
  key: string,
  { setAside }: RowOf<Uint8Array>,
  parts: readonly Uint8Array[],
  now: number,
): LoadedRow {
  const newest = Math.max(...parts.map(newestOf));
  if (newest >= now) for (const part of parts) kernel.decode(part);
  const isKnown = newest !== Number.NEGATIVE_INFINITY;
  const row: LoadedRow = isKnown ? { key, status: 'known', newest, parts } : unknown(key);
  return setAside.length === 0 ? row : { ...row, lacks: setAside.length };
}

const nothing = { newest: Number.NEGATIVE_INFINITY, parts: [] } as const;

const unknown = (key: string): LoadedRow => ({ key, status: 'unknown', ...nothing });

function failed({ group }: GroupKernel, key: string, message: string): LoadedRow {
  const where = `table ${tableOf(group)}, row ${key}: `;
  return { key, status: 'failed', ...nothing, error: message.startsWith(where) ? message : where + message };
}

/** What `decode` makes of stored bytes, or the failure that bytes no code here can read are. */
function readable<T>(kernel: GroupKernel, key: string, decode: () => T): T | LoadedRow {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof CorruptBytesError || error instanceof NewerCodecError)) throw error;
    return failed(kernel, key, error.message);
  }
}

function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  throw error;
}
