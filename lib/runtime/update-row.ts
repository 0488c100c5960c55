import { randomUUID } from 'node:crypto';
import {
  CorruptBytesError,
  decodeRow,
  encodeRow,
  type GroupKernel,
  type Row,
  type RowFault,
  settledBytes,
} from '../kernel/index.ts';
import type { Progress, RowPass } from './fold-rows.ts';
import type { IdRuns, IdsByRun } from './id-runs.ts';
import type { StateStore, StoredRow } from './ports.ts';
import type { PlacedEvent } from './row-events.ts';
import {
  emptyRow,
  outgrows,
  type RowLimits,
  RunError,
  runsOf,
  type StoredRun,
  spillHead,
  tableOf,
} from './rows.ts';

/** What folding a batch makes of one row. */
export interface RowUpdate {
  readonly bytes: Uint8Array;
  /** Runs the row names from now on: to be written before it. */
  readonly created: readonly StoredRun[];
  /** Runs it no longer names. */
  readonly replaced: readonly string[];
  /** Events that count and that the row could not take: to be kept as unapplied before it is written. */
  readonly lacking: readonly PlacedEvent[];
  readonly fault: RowFault | null;
}

export interface RowUpdateOptions {
  readonly store: StateStore;
  readonly idRuns: IdRuns;
  readonly limits: RowLimits;
  /** Whether a run that is missing means a broken row by now, and not one that was rewritten meanwhile. */
  readonly runsMustExist: boolean;
}

/**
 * Folds a row's events in; null where that changes nothing.
 *
 * A row that can never be written must not hold its shard (DESIGN, "Failures"). One whose bytes are unreadable, or
 * that would outgrow the store's items, becomes faulty: it keeps its marks and remembered ids up to date like any
 * other, and lacks its events from then on. That it does is said by the row itself, in the write that passes them, so
 * that no retry or zombie can see it otherwise. An event that ends the process is lacking in the same way, one by one.
 *
 * Throws NewerCodecError where only a newer release can read the row, and RunError where a run is missing and may have
 * been replaced meanwhile: read the row again.
 */
export function updateRow(
  pass: RowPass,
  key: string,
  events: readonly PlacedEvent[],
  stored: StoredRow | null,
  progress: Progress,
  ids: IdsByRun,
  options: RowUpdateOptions,
): RowUpdate | null | Promise<RowUpdate> {
  const { kernel } = pass;
  const { limits } = options;
  const { row, kept } = openRow(kernel, key, stored);
  const named = runsOf(key, row);
  const again: Attempt = { pass, key, events, stored, progress, ids };
  let lacking: readonly PlacedEvent[] | null;
  let bytes: Uint8Array;
  try {
    lacking = fold(pass, row, events, progress, ids);
    if (lacking === null) return null;
    bytes = encodeRow(kernel, row);
  } catch (error) {
    return unreadable(again, error);
  }
  if (row.fault === null && named.length === 0 && isSmall(key, bytes, limits))
    return { bytes, created: none, replaced: none, lacking, fault: null };
  return fitted(again, row, bytes, { kept, named, lacking }, options);
}

/** What a row is folded of, again where it turns out to be faulty. */
interface Attempt {
  readonly pass: RowPass;
  readonly key: string;
  readonly events: readonly PlacedEvent[];
  readonly stored: StoredRow | null;
  readonly progress: Progress;
  readonly ids: IdsByRun;
}

const isSmall = (key: string, bytes: Uint8Array, limits: RowLimits): boolean =>
  !outgrows(key, bytes, limits) && (limits.itemBytes === undefined || bytes.length <= limits.itemBytes);

/** What is known of a folded row that needs more than to be written. */
interface Folded {
  readonly kept: RowUpdate['created'];
  /** The runs it named before. */
  readonly named: readonly string[];
  readonly lacking: readonly PlacedEvent[];
}

/** The update of a row that names runs, outgrew its limits or is faulty. */
function fitted(
  again: Attempt,
  row: Row,
  bytes: Uint8Array,
  { kept, named, lacking }: Folded,
  { store, idRuns, limits, runsMustExist }: RowUpdateOptions,
): RowUpdate | Promise<RowUpdate> {
  const { key } = again;
  const { kernel } = again.pass;
  const { headBytes, runBytes, itemBytes = Number.POSITIVE_INFINITY } = limits;
  if (!outgrows(key, bytes, limits)) return updated(bytes, kept);
  // What is in flight, and the names of runs, stay; to move less than this would soon have to be done again.
  const worthwhile = headBytes / 8;
  const idBytes = settledBytes(row.settled);
  const head = row.fault === null ? kernel.encode(row.state) : nothing;
  if (Math.max(idBytes, head.length) < worthwhile) return updated(bytes, kept);
  if (head.length > idBytes) return spilled(head);
  const created = [...kept, ...idRuns.spill(key, row, runBytes)];
  return updated(encodeRow(kernel, row), created);

  function updated(bytes: Uint8Array, created: readonly StoredRun[]): RowUpdate {
    const { fault } = row;
    const largest = Math.max(bytes.length, ...created.map(run => run.bytes.length));
    const update = { bytes, created, replaced: notIn(key, row, named), lacking, fault };
    if (fault !== null || largest <= itemBytes) return update;
    const where = `table ${tableOf(kernel.group)}, row ${key}`;
    const detail = `${where}: it would need an item of ${largest} bytes, ${itemBytes} at most`;
    const instead = faulty('too-large', detail);
    // Where nothing can be set aside, ids in flight take the room: they become smaller once they are settled.
    return instead.lacking.length > 0 ? instead : update;
  }

  async function spilled(head: Uint8Array): Promise<RowUpdate> {
    try {
      const created = await spillHead(kernel, store, key, row, head, limits);
      return updated(encodeRow(kernel, row), created);
    } catch (error) {
      if (!(error instanceof RunError)) return unreadable(again, error);
      if (error.isMissing && !runsMustExist) throw error;
      return faulty('corrupt', error.message);
    }
  }

  /** The row as it was read, and nothing folded in. */
  function faulty(reason: RowFault['reason'], detail: string): RowUpdate {
    const { pass, events, stored, progress, ids } = again;
    const { row } = openRow(kernel, key, stored);
    row.fault = { id: newFaultId(key), reason, detail };
    const lacking = fold(pass, row, events, progress, ids) ?? none;
    const bytes = encodeRow(kernel, row);
    return { bytes, created: none, replaced: notIn(key, row, named), lacking, fault: row.fault };
  }
}

/** Bytes that only proved to be none when an event, or the next write, needed what they hold. */
function unreadable({ pass, key, events, stored, progress, ids }: Attempt, error: unknown): RowUpdate {
  if (!(error instanceof CorruptBytesError) || stored === null) throw error;
  const { kernel } = pass;
  const { row, kept } = unreadableRow(kernel, key, stored, error);
  // Marks and ids were read: they stay, so that what was counted or set aside is known to be.
  const { fan, marks, ring, settled, idRuns } = decodeRow(kernel, stored.bytes);
  Object.assign(row, { fan, marks, ring, settled, idRuns });
  const lacking = fold(pass, row, events, progress, ids) ?? none;
  return { bytes: encodeRow(kernel, row), created: kept, replaced: none, lacking, fault: row.fault };
}

/** Those of the runs that the row does not name any more. */
function notIn(key: string, row: Row, ids: readonly string[]): readonly string[] {
  if (ids.length === 0) return none;
  const still = runsOf(key, row);
  return ids.filter(id => !still.includes(id));
}

const nothing = new Uint8Array(0);
const none: readonly never[] = [];

interface OpenRow {
  readonly row: Row;
  /** Unreadable bytes, to be kept as a run. */
  readonly kept: RowUpdate['created'];
}

/** The row as stored, an empty one, or a faulty one. */
function openRow(kernel: GroupKernel, key: string, stored: StoredRow | null): OpenRow {
  if (stored === null) return { row: emptyRow(kernel), kept: none };
  try {
    return { row: decodeRow(kernel, stored.bytes), kept: none };
  } catch (error) {
    if (!(error instanceof CorruptBytesError)) throw error;
    // A row that holds ids and nothing else has lost them: there is nothing else to wait for.
    if (kernel.group.slots.length === 0) return { row: emptyRow(kernel), kept: none };
    return unreadableRow(kernel, key, stored, error);
  }
}

/** A faulty row in the place of one whose bytes are kept as a run. */
function unreadableRow(
  kernel: GroupKernel,
  key: string,
  { bytes }: StoredRow,
  { message }: CorruptBytesError,
): OpenRow {
  const detail = `table ${tableOf(kernel.group)}, row ${key}: ${message}`;
  const fault = { id: newFaultId(key), reason: 'corrupt' as const, detail };
  return { row: { ...emptyRow(kernel), fault }, kept: [{ id: fault.id, bytes }] };
}

/** The events that the row lacks afterwards; null where nothing changed. */
function fold(
  pass: RowPass,
  row: Row,
  events: readonly PlacedEvent[],
  progress: Progress,
  ids: IdsByRun,
): readonly PlacedEvent[] | null {
  const { kernel, mark, rules } = pass;
  const accepted = rules.accept(pass, row, events, progress, ids);
  if (accepted === null) return null;
  let lacking: PlacedEvent[] | null = null;
  for (const placed of accepted) {
    if (row.fault === null && !placed.endsProcess) {
      kernel.update(row.state, placed.event);
      continue;
    }
    if (kernel.group.slots.length === 0) continue;
    lacking ??= [];
    lacking.push(placed);
    if (row.fault === null) {
      const { sequence, index } = placed;
      row.setAside = [...row.setAside, { shard: mark, sequence, index }];
    }
  }
  return lacking ?? none;
}

const newFaultId = (key: string): string => `${key}#fault-${randomUUID()}`;
