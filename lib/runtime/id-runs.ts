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
import type { StateStore, StoredRow } from './ports.ts';
import { newRunId, type StoredRun, storedRunId, tableOf } from './rows.ts';

/**
 * Runs of settled ids: what a home row remembers beyond its head (docs/decisions/0011). They never change, so a warm
 * process keeps those it read or wrote, and folding a row that has some reads them only now and then.
 */
export interface IdRuns {
  /**
   * Reads the runs of the rows that name some, all that are not known yet at once. Gives, by the row's key, what these
   * hold; or `gone` where one is missing, for then the row was rewritten meanwhile: read it again.
   */
  load(
    kernel: GroupKernel,
    keys: readonly string[],
    rows: readonly (StoredRow | null)[],
    needed: NeededIds,
  ): Promise<ReadonlyMap<string, IdsByRun | 'gone'>>;
  /** Moves a row's settled ids to runs of about `runBytes`, which have to be written before the row that names them. */
  spill(key: string, row: Row, runBytes: number): StoredRun[];
}

export interface NeededIds {
  /** Runs whose ids all arrived before this are not read, and left out. */
  readonly oldest: number;
  /** Whether a run that is missing is lost by now. It is left out then, as one is whose bytes are none. */
  readonly mustExist: boolean;
}

/** Settled ids by the run's name in the row. */
export type IdsByRun = ReadonlyMap<string, SettledIds>;

export function createIdRuns(store: Pick<StateStore, 'readRuns'>, cacheBytes = usualCacheBytes): IdRuns {
  const cache = createCache(cacheBytes);

  /** By what they are stored under, those that are there; null for bytes that are none. */
  async function find(table: string, ids: readonly string[]): Promise<Map<string, SettledIds | null>> {
    const found = new Map<string, SettledIds | null>();
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
      const run = readable(bytes);
      if (run !== null) cache.set(id, run);
      found.set(id, run);
    }
    return found;
  }

  return {
    async load(kernel, keys, rows, { oldest, mustExist }) {
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
      return new Map([...named].map(([key, runs]) => [key, idsOf(key, runs, found, mustExist)]));
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

const none: ReadonlyMap<string, IdsByRun> = new Map();

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

function readable(bytes: Uint8Array): SettledIds | null {
  try {
    // A copy, for what is kept must not keep a larger buffer that the bytes are a view of.
    return decodeIdRun(new Uint8Array(bytes));
  } catch (error) {
    if (error instanceof CorruptBytesError) return null;
    throw error;
  }
}

function idsOf(
  key: string,
  runs: readonly string[],
  found: ReadonlyMap<string, SettledIds | null>,
  mustExist: boolean,
): IdsByRun | 'gone' {
  const ids = new Map<string, SettledIds>();
  for (const run of runs) {
    const its = found.get(storedRunId(key, run));
    if (its === undefined && !mustExist) return 'gone';
    if (its !== undefined && its !== null) ids.set(run, its);
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
      // Two batches of one process can have read it at once.
      if (kept.has(id)) return;
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
