import { CorruptBytesError, type Reader, type Writer } from './bytes.ts';

/**
 * The ids that a key counted in batches whose work may still be under way, each with the position it was counted at and
 * when it arrived (DESIGN, "Duplicates"); once the work is done they become settled ids (settled-ids.ts). Kept as
 * bytes, seventeen an entry in the order of counting: 48 bits of the id's hash, 48 of the position's, 40 of the
 * arrival's distance in ms from `base`.
 */
export interface Ring {
  bytes: Uint8Array;
  count: number;
  /** The arrival that the entries' distances count from; none is before it. */
  base: number;
  /** Where each id's entries are, made when the ring is too long to look through. */
  index: Map<number, number[]> | null;
}

/** What the ring says of an event: never seen, seen at this very position (a retry), or a copy of another one. */
export type Verdict = 'new' | 'retry' | 'copy';

export const emptyRing = (): Ring => ({ bytes: none, count: 0, base: 0, index: null });

/** The part of a `hash53` that rings keep. */
export const ringHash = (hash: number): number => hash % 2 ** 48;

/**
 * Of the entries with the event's id that arrived no more than `withinMs` before it: is one at its position? `id` and
 * `position` are `ringHash`es.
 */
export function verdictOf(
  ring: Ring,
  id: number,
  position: number,
  arrivalTime: number,
  withinMs: number,
): Verdict {
  let verdict: Verdict = 'new';
  const judge = (at: number): boolean => {
    if (ring.base + uint40(ring.bytes, at + 12) + withinMs < arrivalTime) return false;
    verdict = uint48(ring.bytes, at + 6) === position ? 'retry' : 'copy';
    return verdict === 'retry';
  };
  if (ring.count > lookThrough) {
    for (const at of indexOf(ring).get(id) ?? []) if (judge(at)) break;
    return verdict;
  }
  const { bytes } = ring;
  const end = ring.count * entryBytes;
  const low = id % 256;
  for (let at = 0; at < end; at += entryBytes) {
    // Nearly always the first byte says no.
    if (bytes[at] === low && uint48(bytes, at) === id && judge(at)) break;
  }
  return verdict;
}

/** Remembers an event that was counted; `more` says how many others may follow at once. */
export function remember(ring: Ring, id: number, position: number, arrivalTime: number, more = 0): void {
  if (ring.count === 0) ring.base = arrivalTime;
  else if (arrivalTime < ring.base) rebase(ring, arrivalTime);
  const at = ring.count * entryBytes;
  if (at + entryBytes > ring.bytes.length || ring.bytes.buffer.byteLength !== ring.bytes.byteLength) {
    // What was read is a view of a row's bytes, which nobody changes.
    const grown = new Uint8Array((ring.count + 1 + more) * entryBytes);
    grown.set(at === ring.bytes.length ? ring.bytes : ring.bytes.subarray(0, at));
    ring.bytes = grown;
  }
  putUint48(ring.bytes, at, id);
  putUint48(ring.bytes, at + 6, position);
  putUint40(ring.bytes, at + 12, arrivalTime - ring.base);
  ring.count++;
  if (ring.index !== null) {
    const places = ring.index.get(id);
    if (places === undefined) ring.index.set(id, [at]);
    else places.push(at);
  }
}

/** Visits each entry by where it stands in the ring's bytes. */
export function forEachEntry(ring: Ring, visit: (at: number, arrivalTime: number) => void): void {
  const end = ring.count * entryBytes;
  for (let at = 0; at < end; at += entryBytes) visit(at, ring.base + uint40(ring.bytes, at + 12));
}

export function writeRing(w: Writer, ring: Ring): void {
  w.uint(ring.count);
  w.int(ring.base);
  const length = ring.count * entryBytes;
  w.raw(length === ring.bytes.length ? ring.bytes : ring.bytes.subarray(0, length));
}

export function readRing(r: Reader): Ring {
  const count = r.uint();
  const base = r.int();
  if (count === 0 || count > (r.end - r.at) / entryBytes) {
    throw new CorruptBytesError(`a ring of ${count} ids at byte ${r.at}`);
  }
  return { bytes: r.raw(count * entryBytes), count, base, index: null };
}

const entryBytes = 17;
const none = new Uint8Array(0);

/** Up to here a look through the entries is cheaper than an index. */
const lookThrough = 64;

function indexOf(ring: Ring): Map<number, number[]> {
  if (ring.index === null) {
    const index = new Map<number, number[]>();
    for (let at = 0; at < ring.count * entryBytes; at += entryBytes) {
      const id = uint48(ring.bytes, at);
      const places = index.get(id);
      if (places === undefined) index.set(id, [at]);
      else places.push(at);
    }
    ring.index = index;
  }
  return ring.index;
}

/** Lets the distances count from another arrival, in bytes of the ring's own. */
function rebase(ring: Ring, base: number): void {
  // Not by `slice`: of a Buffer, as some stores hand rows out, that is a view of the row's own bytes.
  const bytes = new Uint8Array(ring.bytes.subarray(0, ring.count * entryBytes));
  for (let at = 12; at < bytes.length; at += entryBytes)
    putUint40(bytes, at, ring.base + uint40(bytes, at) - base);
  ring.bytes = bytes;
  ring.base = base;
}

const uint32 = (b: Uint8Array, at: number): number =>
  ((b[at] as number) |
    ((b[at + 1] as number) << 8) |
    ((b[at + 2] as number) << 16) |
    ((b[at + 3] as number) << 24)) >>>
  0;

export const uint48 = (b: Uint8Array, at: number): number =>
  uint32(b, at) + ((b[at + 4] as number) | ((b[at + 5] as number) << 8)) * 2 ** 32;

const uint40 = (b: Uint8Array, at: number): number => uint32(b, at) + (b[at + 4] as number) * 2 ** 32;

function putUint40(b: Uint8Array, at: number, x: number): void {
  const low = x >>> 0;
  b[at] = low;
  b[at + 1] = low >>> 8;
  b[at + 2] = low >>> 16;
  b[at + 3] = low >>> 24;
  b[at + 4] = Math.floor(x / 2 ** 32);
}

function putUint48(b: Uint8Array, at: number, x: number): void {
  putUint40(b, at, x);
  b[at + 5] = Math.floor(x / 2 ** 40);
}
