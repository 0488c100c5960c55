import { randomInt } from 'node:crypto';
import {
  CorruptBytesError,
  type GroupKernel,
  type Row,
  type RunReference,
  type State,
} from '../kernel/index.ts';
import { MillraceError } from './errors.ts';
import type { StateStore } from './ports.ts';

/** A group version's table: its rows live and go together. */
export const tableOf = (group: { readonly name: string; readonly version: number }): string =>
  `${group.name}@${group.version}`;

/** How large rows and their runs may grow. */
export interface RowLimits {
  /** A head that comes to more, with its key, is spilled. Just below 1 KB an update costs DynamoDB one write unit. */
  readonly headBytes: number;
  /** No run is larger, but for a single partial that is. */
  readonly runBytes: number;
  /** The store takes no larger head or run: 400 KB on DynamoDB. No limit where it is not given. */
  readonly itemBytes?: number;
}

export const localRowLimits: RowLimits = { headBytes: 16 * 1024, runBytes: 128 * 1024 };

export const emptyRow = (kernel: GroupKernel): Row => ({
  fan: 1,
  marks: [],
  ring: null,
  settled: null,
  idRuns: [],
  runs: [],
  base: null,
  fault: null,
  setAside: [],
  state: kernel.createState(),
});

/** A run that a row names is not there, or its bytes are none. */
export class RunError extends MillraceError {
  override readonly name = 'RunError';
  /** Perhaps the row was rewritten meanwhile, and names others by now. */
  readonly isMissing: boolean;
  constructor(isMissing: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.isMissing = isMissing;
  }
}

/** A run as the store takes it. */
export interface StoredRun {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/**
 * A name for a new run of a row: fifteen digits, which the row codec packs into nine bytes, for heads are small and
 * name a dozen. They are 48 random bits: only among a row's own runs must it be another.
 */
export const newRunId = (): string =>
  randomInt(2 ** 48 - 1)
    .toString()
    .padStart(15, '0');

/** What a run is stored under, by its name in the row. Earlier releases named runs in full. */
export const storedRunId = (key: string, id: string): string => (id.includes('#') ? id : `${key}#${id}`);

/**
 * Makes the head of a row that outgrew its limit (`head` is its state encoded) a run, which has to be written before the
 * row, and puts an empty head in its place: states merge, so the row is then its head and its runs together. Once the
 * spilled heads come to a quarter of the merged remainder, all are merged and cut anew, so that a row is never much
 * larger than the state it stands for and an update never reads its runs more than now and then. Throws RunError where
 * one of them cannot be read.
 */
export async function spillHead(
  kernel: GroupKernel,
  store: StateStore,
  key: string,
  row: Row,
  head: Uint8Array,
  limits: RowLimits,
): Promise<StoredRun[]> {
  const spilled = row.runs.filter(run => run.level === 0);
  const settled = row.runs.filter(run => run.level === 1);
  const fresh = size(spilled) + head.length;
  const enough = Math.max(8 * limits.headBytes, size(settled) / 4);
  let runs: Run[];
  let kept: readonly RunReference[];
  if (head.length <= limits.runBytes && spilled.length < mostSpilled && fresh < enough) {
    runs = [newRun(0, head)];
    kept = row.runs;
  } else {
    const whole = kernel.createState();
    kernel.merge(whole, row.state);
    for (const part of await readRuns(kernel, store, key, row.runs)) kernel.merge(whole, part);
    runs = kernel.cut(whole, limits.runBytes).map(part => newRun(1, kernel.encode(part)));
    kept = [];
  }
  row.runs = [...kept, ...runs.map(r => r.reference)];
  row.state = kernel.createState();
  return runs.map(({ reference, bytes }) => ({ id: storedRunId(key, reference.id), bytes }));
}

/** Whether a head is to be spilled. Counting the bytes of its key is spared where they cannot matter. */
export const outgrows = (key: string, bytes: Uint8Array, { headBytes }: RowLimits): boolean =>
  bytes.length + 3 * key.length > headBytes && bytes.length + Buffer.byteLength(key) > headBytes;

/** What all runs of a row are stored under, those of ids too. */
export function runsOf(key: string, { runs, idRuns }: Row): readonly string[] {
  if (runs.length === 0 && idRuns.length === 0) return none;
  return [...runs, ...idRuns].map(run => storedRunId(key, run.id));
}

const none: readonly string[] = [];

const mostSpilled = 32;

/** A row's whole state: its head merged with its runs. Null where a run is gone: the row was rewritten meanwhile. */
export function wholeState(
  kernel: GroupKernel,
  row: Row,
  runs: readonly (Uint8Array | null)[],
): State | null {
  if (runs.length === 0) return row.state;
  const whole = kernel.createState();
  kernel.merge(whole, row.state);
  for (const bytes of runs) {
    if (bytes === null) return null;
    kernel.merge(whole, kernel.decode(bytes));
  }
  return whole;
}

async function readRuns(
  kernel: GroupKernel,
  store: StateStore,
  key: string,
  runs: readonly RunReference[],
): Promise<State[]> {
  const table = tableOf(kernel.group);
  const found = await store.readRuns(
    table,
    runs.map(r => storedRunId(key, r.id)),
  );
  return found.map((bytes, i) => {
    const where = `table ${table}, row ${key}: its run ${storedRunId(key, runs[i]?.id ?? '')}`;
    if (bytes === null) throw new RunError(true, `${where} is missing`);
    try {
      const state = kernel.decode(bytes);
      kernel.check(state);
      return state;
    } catch (cause) {
      if (!(cause instanceof CorruptBytesError)) throw cause;
      throw new RunError(false, `${where}: ${cause.message}`, { cause });
    }
  });
}

interface Run {
  readonly reference: RunReference;
  readonly bytes: Uint8Array;
}

const newRun = (level: number, bytes: Uint8Array): Run => ({
  reference: { id: newRunId(), level, bytes: bytes.length },
  bytes,
});

const size = (runs: readonly RunReference[]): number => runs.reduce((sum, run) => sum + run.bytes, 0);
