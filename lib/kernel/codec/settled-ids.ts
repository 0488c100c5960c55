import { CorruptBytesError, Reader, Writer } from './bytes.ts';
import { forEachEntry, type Ring, uint48 } from './ring.ts';

/**
 * Ids that a key counted lately and whose positions the progress of their shards has passed: whoever comes with one of
 * them now brings a copy, so its position need not be kept (docs/decisions/0011). In the order of counting, which is
 * nearly that of arrival; never changed, only made anew.
 */
export interface SettledIds {
  readonly count: number;
  /** 48 bits of each id's hash, little endian. */
  readonly ids: Uint8Array;
  /** Of each but the first, the signed varint by which it arrived after the one before, in ms. */
  readonly steps: Uint8Array;
  /** When the first and the last arrived. */
  readonly first: number;
  readonly last: number;
  /** When each id arrived last, where a run is long and looked through often (`indexIds`). */
  index: ReadonlyMap<number, number> | null;
}

/** How many bytes of a row or a run they take, but for a few. */
export const settledBytes = (settled: SettledIds | null): number =>
  settled === null ? 0 : settled.ids.length + settled.steps.length;

/** Whether one with this id arrived no more than `withinMs` before `arrivalTime`. `id` is a `ringHash`. */
export function holdsId(settled: SettledIds, id: number, arrivalTime: number, withinMs: number): boolean {
  const { ids, count, index } = settled;
  if (index !== null) return (index.get(id) ?? Number.NEGATIVE_INFINITY) + withinMs >= arrivalTime;
  const low = id % 256;
  for (let i = 0; i < count; i++) {
    // Nearly always the first byte says no.
    if (ids[i * 6] === low && uint48(ids, i * 6) === id && arrivalOf(settled, i) + withinMs >= arrivalTime)
      return true;
  }
  return false;
}

/** Makes look-ups quick, for about fifty bytes of memory an id. */
export function indexIds(settled: SettledIds): void {
  const index = new Map<number, number>();
  forEachId(settled, (id, arrivalTime) => {
    const known = index.get(id);
    if (known === undefined || known < arrivalTime) index.set(id, arrivalTime);
  });
  settled.index = index;
}

/** The arrival of the one that arrived last. */
export function newestArrival(settled: SettledIds): number {
  let newest = settled.first;
  forEachId(settled, (_, arrivalTime) => {
    if (arrivalTime > newest) newest = arrivalTime;
  });
  return newest;
}

/** Those of the list and then those of the ring, all of which are settled now. */
export function settle(settled: SettledIds | null, ring: Ring | null): SettledIds | null {
  if (ring === null || ring.count === 0) return settled;
  const w = writer;
  w.restart();
  const known = settled?.count ?? 0;
  const ids = new Uint8Array((known + ring.count) * 6);
  if (settled !== null) {
    ids.set(settled.ids);
    w.raw(settled.steps);
  }
  let first = settled?.first ?? Number.NaN;
  let last = settled?.last ?? Number.NaN;
  let at = known * 6;
  forEachEntry(ring, (entry, arrivalTime) => {
    for (let i = 0; i < 6; i++) ids[at++] = ring.bytes[entry + i] as number;
    if (Number.isNaN(first)) first = arrivalTime;
    else w.int(arrivalTime - last);
    last = arrivalTime;
  });
  return { count: known + ring.count, ids, steps: w.finish(), first, last, index: null };
}

/** Without those that arrived before `time`, as far as they stand at the beginning. Null when none is left. */
export function forgetBefore(settled: SettledIds | null, time: number): SettledIds | null {
  if (settled === null || settled.first >= time) return settled;
  const { count, ids, steps, last } = settled;
  const r = reader;
  r.reset(steps);
  let first = settled.first;
  for (let i = 1; i < count; i++) {
    first += r.int();
    if (first >= time) {
      return {
        count: count - i,
        ids: ids.subarray(i * 6),
        steps: steps.subarray(r.at),
        first,
        last,
        index: null,
      };
    }
  }
  return null;
}

/** All of them in one list. */
export function joinIds(lists: readonly SettledIds[]): SettledIds | null {
  const [head, ...rest] = lists;
  if (head === undefined || rest.length === 0) return head ?? null;
  const w = writer;
  w.restart();
  const ids = new Uint8Array(lists.reduce((sum, list) => sum + list.ids.length, 0));
  let at = 0;
  let last = Number.NaN;
  for (const list of lists) {
    ids.set(list.ids, at);
    at += list.ids.length;
    if (!Number.isNaN(last)) w.int(list.first - last);
    w.raw(list.steps);
    last = list.last;
  }
  return { count: ids.length / 6, ids, steps: w.finish(), first: head.first, last, index: null };
}

/** The same as lists that take no more than `bytes` each, or little more. */
export function cutIds(settled: SettledIds, bytes: number): SettledIds[] {
  const size = settledBytes(settled);
  if (size <= bytes || settled.count < 2) return [settled];
  const r = new Reader(settled.steps);
  const middle = settled.count >> 1;
  let last = settled.first;
  for (let i = 1; i < middle; i++) last += r.int();
  const end = r.at;
  const first = last + r.int();
  const { ids, steps } = settled;
  const older = {
    ...settled,
    count: middle,
    ids: ids.subarray(0, middle * 6),
    steps: steps.subarray(0, end),
    last,
  };
  const newer = {
    ...settled,
    count: settled.count - middle,
    ids: ids.subarray(middle * 6),
    steps: steps.subarray(r.at),
    first,
  };
  return [...cutIds(older, bytes), ...cutIds(newer, bytes)];
}

/** Their number; the first's arrival, how much later the last arrived; how long the steps are; all ids; all steps. */
export function writeSettled(w: Writer, settled: SettledIds): void {
  w.uint(settled.count);
  w.int(settled.first);
  w.int(settled.last - settled.first);
  w.uint(settled.steps.length);
  w.raw(settled.ids);
  w.raw(settled.steps);
}

export function readSettled(r: Reader): SettledIds {
  const count = r.uint();
  if (count === 0 || count > (r.end - r.at) / 6)
    throw new CorruptBytesError(`${count} settled ids at byte ${r.at}`);
  const first = r.int();
  const last = first + r.int();
  const length = r.uint();
  const ids = r.raw(count * 6);
  const steps = r.raw(length);
  if (!areSteps(steps, count - 1))
    throw new CorruptBytesError(`${count} settled ids at byte ${r.at}: no such steps`);
  return { count, ids, steps, first, last, index: null };
}

/** A run of ids as an item of its own. It begins with 2: no state does, so neither passes for the other. */
export function encodeIdRun(settled: SettledIds): Uint8Array {
  const w = writer;
  w.restart();
  w.byte(idRunForm);
  writeSettled(w, settled);
  return w.finish();
}

/** Throws CorruptBytesError for bytes that are no run of ids. */
export function decodeIdRun(bytes: Uint8Array): SettledIds {
  const r = new Reader(bytes);
  const form = r.byte();
  if (form !== idRunForm) throw new CorruptBytesError(`a run of ids cannot begin with ${form}`);
  const settled = readSettled(r);
  if (r.at !== r.end) throw new CorruptBytesError(`a run of ids: ${r.end - r.at} bytes after its end`);
  return settled;
}

export const idRunForm = 2;

/** Whether these are so many varints, none of them too long to be one: who follows the steps need not look again. */
function areSteps(steps: Uint8Array, count: number): boolean {
  let found = 0;
  let length = 0;
  for (let i = 0; i < steps.length; i++) {
    if ((steps[i] as number) < 128) {
      found++;
      length = 0;
    } else if (++length > 6) {
      return false;
    }
  }
  return found === count && length === 0;
}

/** The arrival of the i-th. */
function arrivalOf({ first, steps }: SettledIds, i: number): number {
  const r = reader;
  r.reset(steps);
  let arrivalTime = first;
  for (let n = 0; n < i; n++) arrivalTime += r.int();
  return arrivalTime;
}

function forEachId(
  { count, ids, steps, first }: SettledIds,
  visit: (id: number, arrivalTime: number) => void,
): void {
  const r = new Reader(steps);
  let arrivalTime = first;
  for (let i = 0; i < count; i++) {
    if (i > 0) arrivalTime += r.int();
    visit(uint48(ids, i * 6), arrivalTime);
  }
}

const writer = new Writer();
const reader = new Reader(new Uint8Array());
