import {
  CorruptBytesError,
  compareInShard,
  decodeRow,
  type GroupKernel,
  NewerCodecError,
  type Position,
  type Row,
} from '../kernel/index.ts';
import type { StateStore, StoredRow } from './ports.ts';
import { emptyRow, storedRunId, tableOf, wholeState } from './rows.ts';
import { type Entry, isMarked } from './unapplied-entries.ts';

/** The row without its faults, or why they cannot be taken from it. */
export async function openFaulty(
  kernel: GroupKernel,
  key: string,
  stored: StoredRow | null,
  { store, startAnew }: { readonly store: StateStore; readonly startAnew: boolean },
): Promise<MendedRow | string> {
  if (stored === null) return { row: emptyRow(kernel), faults: [] };
  const row = readable(() => wholeRow(kernel, stored.bytes));
  if (typeof row === 'string') return row;
  const table = tableOf(kernel.group);
  const faults: MendedRow['faults'][number][] = [];
  const belows: Row[] = [];
  // The bytes of a faulty row can go bad like any others: then one fault lies below another.
  for (let top: Row = row; top.fault !== null; ) {
    const { id, reason, detail } = top.fault;
    const { marks: above } = row;
    const passed = (entry: Entry): boolean => isMarked({ marks: above }, entry);
    const [kept = null] = reason === 'corrupt' ? await store.readRuns(table, [id]) : [];
    if (kept === null) {
      // What it held before the fault is in the row itself.
      faults.push({ id, passed, holds: none });
      if (reason === 'corrupt' && !(await hasItsRuns(kernel, store, key, row))) {
        if (!startAnew) return `${detail}: ${howToGoOn}`;
        row.runs = [];
      }
      break;
    }
    const below = readable(() => wholeRow(kernel, kept));
    if (typeof below === 'string') {
      if (!startAnew) return `${below}: ${howToGoOn}`;
      faults.push({ id, passed, holds: none });
      break;
    }
    // Events in flight when the bytes went bad may have been passed by them, and were set aside all the same.
    const depth = belows.push(below) - 1;
    faults.push({ id, passed, holds: entry => belows.slice(depth).some(deep => isMarked(deep, entry)) });
    const { fan, runs, base, state, setAside } = below;
    const marks = highest([...row.marks, ...below.marks]);
    Object.assign(row, { marks, fan, runs, base, state, setAside: [...setAside, ...row.setAside] });
    top = below;
  }
  row.fault = null;
  return { row, faults };
}

async function hasItsRuns(kernel: GroupKernel, store: StateStore, key: string, row: Row): Promise<boolean> {
  const runs = await store.readRuns(
    tableOf(kernel.group),
    row.runs.map(run => storedRunId(key, run.id)),
  );
  return typeof readable(() => wholeState(kernel, row, runs) ?? 'missing') !== 'string';
}

/** Whatever is unreadable in it shows here, and not when events are folded in. */
function wholeRow(kernel: GroupKernel, bytes: Uint8Array): Row {
  const row = decodeRow(kernel, bytes);
  kernel.check(row.state);
  return row;
}

const none = (): boolean => false;

const howToGoOn = 'restore its bytes, or let it begin anew, which gives up what it held';

export interface MendedRow {
  readonly row: Row;
  /** Those that were taken from it, the latest first. */
  readonly faults: readonly {
    readonly id: string;
    /** Whether the row has passed the event while it was faulty. */
    passed(entry: Entry): boolean;
    /** Whether what lies below the fault has passed the event: it is in it, or set aside there. */
    holds(entry: Entry): boolean;
  }[];
}

/** Of each shard's marks the highest: batches that were in flight before the fault may come again. */
function highest(marks: readonly Position[]): Position[] {
  const byShard = new Map<string, Position>();
  for (const mark of marks) {
    const other = byShard.get(mark.shard);
    if (other === undefined || compareInShard(other, mark) < 0) byShard.set(mark.shard, mark);
  }
  return [...byShard.values()];
}

/** What `decode` makes of stored bytes, or why it cannot. */
function readable<T>(decode: () => T): T | string {
  try {
    return decode();
  } catch (error) {
    if (error instanceof CorruptBytesError || error instanceof NewerCodecError) return error.message;
    throw error;
  }
}
