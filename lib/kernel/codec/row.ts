import { readPosition, writePosition } from '../aggregators/index.ts';
import { MillraceError } from '../errors.ts';
import type { GroupKernel } from '../group.ts';
import type { Position } from '../position.ts';
import type { State } from '../state.ts';
import { CorruptBytesError, Reader, Writer } from './bytes.ts';
import { type Ring, readRing, writeRing } from './ring.ts';
import { readSettled, type SettledIds, writeSettled } from './settled-ids.ts';
import { readText, writeText } from './values.ts';

/**
 * A feature row: the state of an entity's events since it was last spilled (the head), the runs that hold the rest,
 * and what keeps every event counted once (DESIGN, "Exactly-once, how").
 */
export interface Row {
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
  state: State;
}

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
 * A row as bytes: the codec's number; a bitmap of the sections that follow, in this order: 1 fan, 2 marks, 4 ring,
 * 8 runs, 16 base, 32 settled ids, 64 runs of such; then the state. The bytes are a view of a slab that rows share.
 * A section unknown to this code (128) is a later codec's.
 */
export function encodeRow(kernel: Pick<GroupKernel, 'write'>, row: Row): Uint8Array {
  const w = writer;
  w.restart();
  w.byte(codecVersion);
  w.byte(
    (row.fan > 1 ? section.fan : 0) |
      (row.marks.length > 0 ? section.marks : 0) |
      (row.ring !== null && row.ring.count > 0 ? section.ring : 0) |
      (row.runs.length > 0 ? section.runs : 0) |
      (row.base !== null ? section.base : 0) |
      (row.settled !== null ? section.settled : 0) |
      (row.idRuns.length > 0 ? section.idRuns : 0),
  );
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
  if (row.settled !== null) writeSettled(w, row.settled);
  if (row.idRuns.length > 0) {
    w.uint(row.idRuns.length);
    for (const run of row.idRuns) {
      writeText(w, run.id);
      w.uint(run.bytes);
      w.int(run.newest);
    }
  }
  kernel.write(w, row.state);
  return w.share();
}

export function decodeRow(kernel: Pick<GroupKernel, 'read'>, bytes: Uint8Array): Row {
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
  if (sections >= 128) throw new NewerCodecError(`row section ${sections}: written by a newer release`);
  const fan = sections & section.fan ? r.uint() : 1;
  const marks = sections & section.marks ? list(r, readPosition) : none;
  const ring = sections & section.ring ? readRing(r) : null;
  const runs =
    sections & section.runs ? list(r, () => ({ id: readText(r), level: r.uint(), bytes: r.uint() })) : none;
  const base = sections & section.base ? readText(r) : null;
  const settled = sections & section.settled ? readSettled(r) : null;
  const idRuns =
    sections & section.idRuns ? list(r, () => ({ id: readText(r), bytes: r.uint(), newest: r.int() })) : none;
  const state = kernel.read(r);
  if (r.at !== r.end) throw new CorruptBytesError(`row: ${r.end - r.at} bytes after its end`);
  return { fan, marks, ring, settled, idRuns, runs, base, state };
}

/** Whether an encoded row names runs of ids, without decoding it. Of bytes that are no row it says anything. */
export const namesIdRuns = (bytes: Uint8Array): boolean =>
  bytes[0] === codecVersion && ((bytes[1] as number) & section.idRuns) !== 0;

export const codecVersion = 1;

const section = { fan: 1, marks: 2, ring: 4, runs: 8, base: 16, settled: 32, idRuns: 64 } as const;

// One of each serves all rows: encoding and decoding never wait in between.
const writer = new Writer();
const reader = new Reader(new Uint8Array());
const none: readonly never[] = [];

function list<T>(r: Reader, read: (r: Reader) => T): T[] {
  const items: T[] = [];
  for (let n = r.count(); n > 0; n--) items.push(read(r));
  return items;
}
