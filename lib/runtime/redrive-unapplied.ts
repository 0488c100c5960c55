import {
  compareInShard,
  compileGroup,
  encodeRow,
  type FunctionRegistry,
  type GroupKernel,
  type Plan,
  type Row,
  type StreamEvent,
} from '../kernel/index.ts';
import { createRecordDecoder, isBad } from './decode-records.ts';
import { openFaulty } from './faulty-row.ts';
import type { Clock, ShardPosition, StateStore, StoredRow, UnappliedStore } from './ports.ts';
import {
  localRowLimits,
  outgrows,
  type RowLimits,
  RunError,
  type StoredRun,
  spillHead,
  tableOf,
} from './rows.ts';
import { streamPlan } from './stream-plan.ts';
import { type Entry, isAt, positionText } from './unapplied-entries.ts';

export interface RedriveUnappliedOptions {
  readonly plan: Plan;
  readonly functions?: FunctionRegistry;
  readonly store: StateStore;
  readonly unapplied: UnappliedStore;
  /** The wall: row versions follow it. */
  readonly clock: Clock;
  readonly limits?: RowLimits;
  /** Only these rows; all where they are not given. */
  readonly table?: string;
  readonly key?: string;
  /** Lets a row whose bytes stay unreadable begin anew: what it held is given up. */
  readonly startAnew?: boolean;
}

export interface RedriveUnappliedReport {
  /** Events folded into the rows that lacked them. */
  readonly applied: number;
  /** Entries of events that their row turned out to have. */
  readonly settled: number;
  /** Rows that still cannot take their events, and why. */
  readonly waiting: readonly { readonly table: string; readonly key: string; readonly error: string }[];
}

/**
 * Folds unapplied events into the rows that lack them, each once, however often it is called or interrupted, and
 * beside running transforms: what a row lacks is said by the row, and one write makes it whole and says so. An entry
 * that its row does not speak of is that of an attempt which came to nothing, or of a redrive that ended before it
 * could forget it.
 */
export async function redriveUnapplied(options: RedriveUnappliedOptions): Promise<RedriveUnappliedReport> {
  const { plan, functions, unapplied, table, key } = options;
  const kernels = new Map(plan.groups.map(g => [tableOf(g), compileGroup(plan, g, functions)]));
  let applied = 0;
  let settled = 0;
  const waiting: { table: string; key: string; error: string }[] = [];
  const entries = await unapplied.list({
    limit: Number.MAX_SAFE_INTEGER,
    ...(table === undefined ? {} : { table }),
    ...(key === undefined ? {} : { key }),
  });
  const rows = new Map<string, RowEntries>();
  // A row that is asked for by name may be faulty and lack nothing.
  if (table !== undefined && key !== undefined)
    rows.set(rowText({ table, key }), { table, key, entries: [] });
  for (const entry of entries) {
    const { table, key } = entry;
    const known = rows.get(rowText(entry));
    if (known === undefined) rows.set(rowText(entry), { table, key, entries: [entry] });
    else known.entries.push(entry);
  }
  for (const { table, key, entries: list } of rows.values()) {
    const kernel = kernels.get(table);
    const outcome =
      kernel === undefined
        ? 'no group of the definitions has this table: use those that it was made by'
        : await redriveRow(kernel, key, list, options);
    if (typeof outcome === 'string') {
      waiting.push({ table, key, error: outcome });
      continue;
    }
    await unapplied.remove(outcome.done.map(entry => entry.id));
    applied += outcome.applied;
    settled += outcome.done.length - outcome.applied;
  }
  return { applied, settled, waiting };
}

interface RowEntries {
  readonly table: string;
  readonly key: string;
  readonly entries: Entry[];
}

const rowText = ({ table, key }: Pick<Entry, 'table' | 'key'>): string => JSON.stringify([table, key]);

interface RowOutcome {
  readonly applied: number;
  /** Entries that nobody needs any more. */
  readonly done: readonly Entry[];
}

/** What became of a row's entries, of which `known` were there before; or why the row cannot take them. */
async function redriveRow(
  kernel: GroupKernel,
  key: string,
  known: readonly Entry[],
  options: RedriveUnappliedOptions,
): Promise<RowOutcome | string> {
  const { store, unapplied, clock, limits = localRowLimits, startAnew = false } = options;
  const table = tableOf(kernel.group);
  const decode = decoderOf(options.plan, kernel);
  const withinMs = idsLast(options.plan, kernel);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = await progressOf(store, known);
    const [stored = null] = await store.read(table, [key]);
    const opened = await openFaulty(kernel, key, stored, { store, startAnew });
    if (typeof opened === 'string') return opened;
    const { row, faults } = opened;
    // After the row: what it lacks was put before it said so. And marks that are not in it any more are at or below
    // this progress; what passes events later than that writes the row, and fails the write below.
    const entries = await unapplied.list({ table, key, limit: Number.MAX_SAFE_INTEGER });
    const after = await progressOf(store, entries);
    const lacking = entries.filter(entry =>
      entry.fault === null
        ? row.setAside.some(position => isAt(entry, position))
        : faults.some(f => f.id === entry.fault && (f.passed(entry) || after(entry)) && !f.holds(entry)),
    );
    // An attempt that is still under way may be about to say that the row lacks the others.
    const done = entries.filter(entry => lacking.includes(entry) || before(entry));
    if (lacking.length === 0 && faults.length === 0) return { applied: 0, done };

    // One may stand under two faults: an attempt put it under the first and came to write it under the second.
    const once = [...new Map(lacking.map(entry => [positionText(entry), entry])).values()];
    const lost: LostEvent[] = [];
    for (const entry of once) {
      const event = decode(entry);
      if (event === null) return `event ${entry.id} is none of the definitions' ${kernel.group.stream}`;
      lost.push({ id: entry.id, event });
    }
    const events = withoutCopies(lost, withinMs);
    for (const event of events) {
      const problem = take(kernel, row, event);
      if (problem !== null) return problem;
    }
    row.setAside = row.setAside.filter(position => !lacking.some(entry => isAt(entry, position)));
    const written = await writeWhole(kernel, key, row, stored, { store, clock, limits });
    if (typeof written === 'string') return written;
    if (!written) continue;
    // Nobody asks for the unreadable bytes any more.
    if (faults.length > 0)
      await store.deleteRuns(
        table,
        faults.map(f => f.id),
      );
    return { applied: events.length, done };
  }
  return 'the row was written by others again and again, or the store refuses its write: try again later';
}

/** A row that is written by many can be overtaken now and then. */
const attempts = 20;

/** True when written, false when somebody else wrote the row meanwhile, or why it cannot be written. */
async function writeWhole(
  kernel: GroupKernel,
  key: string,
  row: Row,
  stored: StoredRow | null,
  { store, clock, limits }: Required<Pick<RedriveUnappliedOptions, 'store' | 'clock' | 'limits'>>,
): Promise<boolean | string> {
  const { itemBytes = Number.POSITIVE_INFINITY } = limits;
  const table = tableOf(kernel.group);
  let bytes = encodeRow(kernel, row);
  let created: readonly StoredRun[] = [];
  if (outgrows(key, bytes, limits)) {
    try {
      created = await spillHead(kernel, store, key, row, kernel.encode(row.state), limits);
    } catch (error) {
      if (error instanceof RunError) return error.message;
      throw error;
    }
    bytes = encodeRow(kernel, row);
  }
  const largest = Math.max(bytes.length, ...created.map(run => run.bytes.length));
  if (largest > itemBytes) return `it would need an item of ${largest} bytes, ${itemBytes} at most`;
  if (created.length > 0) await store.writeRuns(table, created);
  const expected = stored === null ? 0 : stored.version;
  const write = { key, expected, version: Math.max(expected + 1, clock.now()), bytes };
  return (await store.write(table, [write]))[0] === 'written';
}

interface LostEvent {
  /** Its entry's. */
  readonly id: string;
  readonly event: StreamEvent;
}

/** An entry's event; null where it is none of the stream's. */
function decoderOf(plan: Plan, kernel: GroupKernel): (entry: Entry) => StreamEvent | null {
  const decode = createRecordDecoder(streamPlan(plan, kernel.group.stream));
  return ({ position, arrivalTime, payload }) => {
    const [event] = decode([{ ...position, arrivalTime, data: payload }]).outcomes;
    return event === undefined || isBad(event) ? null : event;
  };
}

/** Folds an event in; says what is wrong with it where that cannot be done. */
function take(kernel: GroupKernel, row: Row, { id, event }: LostEvent): string | null {
  try {
    if (kernel.takes(event)) kernel.update(row.state, event);
    return null;
  } catch (error) {
    return `event ${id} still cannot be folded: ${(error as Error).message}`;
  }
}

/** For how long (ms) the group's rows remember the ids of events that count; null where they are not the home. */
function idsLast(plan: Plan, kernel: GroupKernel): number | null {
  const { home, dedupe } = streamPlan(plan, kernel.group.stream);
  return dedupe !== undefined && home === kernel.group.name ? dedupe.withinMs : null;
}

/**
 * Of events with one id those that home rows would count. An attempt that had read the row before the original was set
 * aside takes a copy for new and sets it aside as well, before it finds that it was overtaken: its entry stays.
 */
function withoutCopies(events: readonly LostEvent[], withinMs: number | null): readonly LostEvent[] {
  if (withinMs === null) return events;
  const counted = new Map<StreamEvent['tie'], number>();
  return events
    .toSorted((a, b) => a.event.arrivalTime - b.event.arrivalTime)
    .filter(({ event: { tie, arrivalTime } }) => {
      const before = counted.get(tie);
      if (before !== undefined && before + withinMs >= arrivalTime) return false;
      counted.set(tie, arrivalTime);
      return true;
    });
}

/** Says of an entry whether its shard's progress, as it is now, has passed it. */
async function progressOf(store: StateStore, entries: readonly Entry[]): Promise<(entry: Entry) => boolean> {
  const lives = new Map<string, ReadonlyMap<string, ShardPosition>>();
  for (const { incarnation } of entries)
    if (!lives.has(incarnation)) lives.set(incarnation, await store.readProgress(incarnation));
  return ({ incarnation, position }) => {
    const passed = lives.get(incarnation)?.get(position.shard);
    return passed !== undefined && compareInShard(position, passed) <= 0;
  };
}
