import { readPosition, writePosition } from '../aggregators/index.ts';
import { MillraceError } from '../errors.ts';
import type { GroupKernel } from '../group.ts';
import type { Position } from '../position.ts';
import type { State } from '../state.ts';
import { CorruptBytesError, Reader, Writer } from './bytes.ts';
import { type Ring, readRing, writeRing } from './ring.ts';
import { readSettled, type SettledIds, writeSettled } from './settled-ids.ts';
import { readText, writeText } from './text.ts';

/**
 * A feature row: the state of an entity's events since it was last spilled (the head), the runs that hold the rest,
 * and what keeps every event counted once (DESIGN, "Exactly-once, how").
 */
export type Row = RowOf<State>;

/** A row whose state is there as an `S`. */
export interface RowOf<S> {
  /** Over how many bucket rows the key's updates are spread; 1 means none. */
  fan: number;
  /** By shard, the last position folded in, while it is above the shard's progress. */
  marks: readonly Position[];
  /** Ids counted by batches in flight; in home rows only, as are the next two. */
  ring: Ring | null;
  /** Ids counted lately by batches that are done. */
  settled: SettledIds | null;
  /** Where more of these are, oldest first. */
  idRuns: readonly IdRunReference[];
  runs: readonly RunReference[];
  /** The run that came from backfill. */
  base: string | null;
  /** Why the row takes no events for now: those that come are set aside, and it cannot be read. */
  fault: RowFault | null;
  /** Events that were set aside for this row one by one: its state lacks them, though its marks have passed them. */
  setAside: readonly Position[];
  state: S;
}

/** A row that could not be read, or would have become too large to be stored. */
export interface RowFault {
  /** Names this fault among all; where the row's bytes are unreadable, they are kept as a run of this id. */
  readonly id: string;
  readonly reason: RowFaultReason;
  readonly detail: string;
}

/** In the order of their numbers in the codec: only ever add. */
export const rowFaultReasons = ['corrupt', 'too-large'] as const;
export type RowFaultReason = (typeof rowFaultReasons)[number];

/** An immutable part of a row's state, stored on its own. */
export interface RunReference {
  readonly id: string;
  /** 0: a head as it was spilled. 1: the merged and cut remainder of everything older. */
  readonly level: number;
  readonly bytes: number;
}

/** Settled ids of a row, stored on their own and never changed. */
export interface IdRunReference {
  readonly id: string;
  readonly bytes: number;
  /** The latest arrival among them: once that is too long ago for a copy, nobody needs to read them. */
  readonly newest: number;
}

/** Bytes of a later codec: newer code wrote them, and only newer code can read them. Trying again later may help. */
export class NewerCodecError extends MillraceError {
  override readonly name = 'NewerCodecError';
}

/**
 * A row as bytes: the codec's number; a bitmap of the sections that follow, in this order: 32 settled ids and their
 * runs, 1 fan, 2 marks, 4 ring, 8 runs, 16 base, 64 fault and set-aside positions; then the state. The bytes are a view
 * of a slab that rows share. A section unknown to this code is a later codec's.
 */
export function encodeRow(kernel: Pick<GroupKernel, 'write'>, row: Row): Uint8Array {
  const w = writer;
  const hasIds = row.settled !== null || row.idRuns.length > 0;
  w.restart();
  w.byte(codecVersion);
  w.byte(
    (row.fan > 1 ? section.fan : 0) |
      (row.marks.length > 0 ? section.marks : 0) |
      (row.ring !== null && row.ring.count > 0 ? section.ring : 0) |
      (row.runs.length > 0 ? section.runs : 0) |
      (row.base !== null ? section.base : 0) |
      (hasIds ? section.ids : 0) |
      (row.fault !== null || row.setAside.length > 0 ? section.unapplied : 0),
  );
  if (hasIds) writeIds(w, row);
  if (row.fan > 1) w.uint(row.fan);
  if (row.marks.length > 0) {
    w.uint(row.marks.length);
    for (const mark of row.marks) writePosition(w, mark);
  }
  if (row.ring !== null && row.ring.count > 0) writeRing(w, row.ring);
  if (row.runs.length > 0) {
    w.uint(row.runs.length);
    for (const run of row.runs) {
      writeText(w, run.id);
      w.uint(run.level);
      w.uint(run.bytes);
    }
  }
  if (row.base !== null) writeText(w, row.base);
  if (row.fault !== null || row.setAside.length > 0) writeUnapplied(w, row);
  kernel.write(w, row.state);
  return w.share();
}

export const decodeRow = (kernel: Pick<GroupKernel, 'read'>, bytes: Uint8Array): Row =>
  readRow(bytes, kernel.read);

/** A row with its state still in bytes, as a `finalizer` takes it: nothing in them was looked at. */
export const openRow = (bytes: Uint8Array): RowOf<Uint8Array> => readRow(bytes, r => r.raw(r.end - r.at));

function readRow<S>(bytes: Uint8Array, readState: (r: Reader) => S): RowOf<S> {
  const r = reader;
  r.reset(bytes);
  const version = r.byte();
  if (version > codecVersion) {
    throw new NewerCodecError(
      `row codec ${version}: this code reads up to ${codecVersion}; run a newer release`,
    );
  }
  if (version < 1) throw new CorruptBytesError(`row codec ${version}: there is none`);
  const sections = r.byte();
  if ((sections & ~known) !== 0)
    throw new NewerCodecError(`row section ${sections}: written by a newer release`);
  const ids = sections & section.ids ? readIds(r) : noIds;
  const fan = sections & section.fan ? r.uint() : 1;
  const marks = sections & section.marks ? list(r, readPosition) : none;
  const ring = sections & section.ring ? readRing(r) : null;
  const runs =
    sections & section.runs ? list(r, () => ({ id: readText(r), level: r.uint(), bytes: r.uint() })) : none;
  const base = sections & section.base ? readText(r) : null;
  const unapplied = sections & section.unapplied ? readUnapplied(r) : noneUnapplied;
  const state = readState(r);
  if (r.at !== r.end) throw new CorruptBytesError(`row: ${r.end - r.at} bytes after its end`);
  const { settled, idRuns } = ids;
  const { fault, setAside } = unapplied;
  return { fan, marks, ring, settled, idRuns, runs, base, fault, setAside, state };
}

/** Whether an encoded row names runs of ids, without decoding it. Of bytes that are no row it says anything. */
export const namesIdRuns = (bytes: Uint8Array): boolean =>
  bytes[0] !== undefined &&
  bytes[0] >= 1 &&
  bytes[0] <= codecVersion &&
  ((bytes[1] as number) & section.ids) !== 0 &&
  ((bytes[2] as number) & 1) === 1;

/** 2: states with lengths of what updates may leave as it is (state.ts). */
export const codecVersion = 2;

const section = { fan: 1, marks: 2, ring: 4, runs: 8, base: 16, ids: 32, unapplied: 64 } as const;
const known = Object.values(section).reduce((all: number, one) => all | one, 0);

// One of each serves all rows: encoding and decoding never wait in between.
const writer = new Writer();

/** Lets `encodeRow` write into slabs of shared memory from the next slab on, so that other threads can read its rows. */
export function encodeIntoSharedMemory(): void {
  writer.allocate = size => new Uint8Array(new SharedArrayBuffer(size));
}
const reader = new Reader(new Uint8Array());
const none: readonly never[] = [];
const noneUnapplied = { fault: null, setAside: none };
const noIds = { settled: null, idRuns: none };

/** 1 when there are runs, and 2 when there are settled ids in the row itself; these; the runs. */
function writeIds(w: Writer, { settled, idRuns }: Pick<Row, 'settled' | 'idRuns'>): void {
  w.byte((idRuns.length > 0 ? 1 : 0) | (settled !== null ? 2 : 0));
  if (settled !== null) writeSettled(w, settled);
  if (idRuns.length === 0) return;
  w.uint(idRuns.length);
  for (const run of idRuns) {
    writeText(w, run.id);
    w.uint(run.bytes);
    w.int(run.newest);
  }
}

function readIds(r: Reader): Pick<Row, 'settled' | 'idRuns'> {
  const has = r.byte();
  if (has > 3) throw new CorruptBytesError(`ids of form ${has} at byte ${r.at}`);
  const settled = has & 2 ? readSettled(r) : null;
  const idRuns = has & 1 ? list(r, () => ({ id: readText(r), bytes: r.uint(), newest: r.int() })) : none;
  return { settled, idRuns };
}

/** 0 where there is no fault, else its reason's number from 1, its id and detail; then the positions. */
function writeUnapplied(w: Writer, { fault, setAside }: Pick<Row, 'fault' | 'setAside'>): void {
  w.uint(fault === null ? 0 : rowFaultReasons.indexOf(fault.reason) + 1);
  if (fault !== null) {
    writeText(w, fault.id);
    writeText(w, fault.detail);
  }
  w.uint(setAside.length);
  for (const position of setAside) writePosition(w, position);
}

function readUnapplied(r: Reader): Pick<Row, 'fault' | 'setAside'> {
  const number = r.uint();
  if (number > rowFaultReasons.length)
    throw new NewerCodecError(`row fault ${number}: written by a newer release`);
  const reason = rowFaultReasons[number - 1];
  const fault = reason === undefined ? null : { reason, id: readText(r), detail: readText(r) };
  return { fault, setAside: list(r, readPosition) };
}

function list<T>(r: Reader, read: (r: Reader) => T): T[] {
  const items: T[] = [];
  for (let n = r.count(); n > 0; n--) items.push(read(r));
  return items;
}
