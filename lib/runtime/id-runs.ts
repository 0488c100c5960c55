import {
  CorruptBytesError,
  cutIds,
  decodeIdRun,
  decodeRow,
  encodeIdRun,
  type GroupKernel,
  indexIds,
  NewerCodecError,
  namesIdRuns,
  newestArrival,
  type Row,
  type SettledIds,
  settledBytes,
} from '../kernel/index.ts';
import { StoreError } from './errors.ts';
import type { StateStore, StoredRow } from './ports.ts';
import { newRunId, type StoredRun, storedRunId, tableOf } from './rows.ts';

/**
 * Runs of settled ids: what a home row remembers beyond its head (docs/decisions/0011). They never change, so a warm
 * process keeps those it read or wrote, and folding a row that has some reads them only now and then.
 */
export interface IdRuns {
  /**
   * Reads the runs of the rows that name some, all that are not known yet at once; but none of which all ids arrived
   * before `oldest`. Gives what each such row's runs hold, by the row's key.
   */
  load(
    kernel: GroupKernel,
    keys: readonly string[],
    rows: readonly (StoredRow | null)[],
    oldest: number,
  ): Promise<ReadonlyMap<string, LoadedIds>>;
  /** Moves a row's settled ids to runs of about `runBytes`, which have to be written before the row that names them. */
  spill(key: string, row: Row, runBytes: number): StoredRun[];
}

/** The ids by the run's name in the row. */
export type IdsByRun = ReadonlyMap<string, SettledIds>;

/** `gone` where a run is missing, for then the row was rewritten meanwhile; an error where its bytes are no run. */
export type LoadedIds = IdsByRun | 'gone' | StoreError;

export function createIdRuns(store: Pick<StateStore, 'readRuns'>, cacheBytes = usualCacheBytes): IdRuns {
  const cache = createCache(cacheBytes);

  /** By what they are stored under, those that are there. */
  async function find(table: string, ids: readonly string[]): Promise<Map<string, SettledIds | StoreError>> {
    const found = new Map<string, SettledIds | StoreError>();
    const unknown: string[] = [];
    for (const id of ids) {
      const run = cache.get(id);
      if (run === undefined) unknown.push(id);
      else found.set(id, run);
    }
    if (unknown.length === 0) return found;
    const read = await store.readRuns(table, unknown);
    for (const [i, id] of unknown.entries()) {
      const bytes = read[i] ?? null;
      if (bytes === null) continue;
      const run = decoded(table, id, bytes);
      if (!(run instanceof StoreError)) cache.set(id, run);
      found.set(id, run);
    }
    return found;
  }

  return {
    async load(kernel, keys, rows, oldest) {
      const named = new Map<string, readonly string[]>();
      for (const [i, row] of rows.entries()) {
        if (row === null || !namesIdRuns(row.bytes)) continue;
        named.set(keys[i] as string, runsNamed(kernel, row.bytes, oldest));
      }
      if (named.size === 0) return none;
      const table = tableOf(kernel.group);
      const found = await find(
        table,
        [...named].flatMap(([key, runs]) => runs.map(run => storedRunId(key, run))),
      );
      return new Map([...named].map(([key, runs]) => [key, idsOf(key, runs, found)]));
    },

    spill(key, row, runBytes) {
      const { settled } = row;
      row.settled = null;
      return (settled === null ? [] : cutIds(settled, runBytes)).map(ids => {
        const name = newRunId();
        const run = { id: storedRunId(key, name), bytes: encodeIdRun(ids) };
        cache.set(run.id, decodeIdRun(run.bytes));
        row.idRuns = [...row.idRuns, { id: name, bytes: run.bytes.length, newest: newestArrival(ids) }];
        return run;
      });
    },
  };
}

const none: ReadonlyMap<string, LoadedIds> = new Map();

/** None where the row is corrupt: whoever folds it finds that too. */
function runsNamed(kernel: GroupKernel, bytes: Uint8Array, oldest: number): readonly string[] {
  try {
    return decodeRow(kernel, bytes)
      .idRuns.filter(run => run.newest >= oldest)
      .map(run => run.id);
  } catch (error) {
    if (error instanceof CorruptBytesError || error instanceof NewerCodecError) return [];
    throw error;
  }
}

function decoded(table: string, id: string, bytes: Uint8Array): SettledIds | StoreError {
  try {
    // A copy, for what is kept must not keep a larger buffer that the bytes are a view of.
    return decodeIdRun(new Uint8Array(bytes));
  } catch (cause) {
    if (!(cause instanceof CorruptBytesError)) throw cause;
    return new StoreError('corrupt', `table ${table}, run ${id}: ${cause.message}`, { cause });
  }
}

function idsOf(
  key: string,
  runs: readonly string[],
  found: ReadonlyMap<string, SettledIds | StoreError>,
): LoadedIds {
  const ids = new Map<string, SettledIds>();
  for (const run of runs) {
    const its = found.get(storedRunId(key, run));
    if (its === undefined) return 'gone';
    if (its instanceof StoreError) return its;
    ids.set(run, its);
  }
  return ids;
}

/** Of about so many bytes, those asked for last. */
function createCache(mostBytes: number) {
  const kept = new Map<string, SettledIds>();
  let bytes = 0;
  return {
    get(id: string): SettledIds | undefined {
      const ids = kept.get(id);
      if (ids === undefined) return undefined;
      kept.delete(id);
      kept.set(id, ids);
      return ids;
    },
    set(id: string, ids: SettledIds): void {
      if (ids.count > lookThrough) indexIds(ids);
      kept.set(id, ids);
      bytes += weight(ids);
      for (const [oldest, its] of kept) {
        if (bytes <= mostBytes) break;
        kept.delete(oldest);
        bytes -= weight(its);
      }
    },
  };
}

const usualCacheBytes = 64 << 20;

/** Up to here a look through a list is cheaper than an index. */
const lookThrough = 512;

const weight = (ids: SettledIds): number =>
  200 + settledBytes(ids) + (ids.index === null ? 0 : 50 * ids.count);
