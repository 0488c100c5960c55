import { emptyRing, type Ring, remember, ringHash } from '../../../lib/kernel/index.ts';

/** [id, position, arrival] */
export type RingEntry = readonly [number, number, number];

export function ringOf(entries: readonly RingEntry[]): Ring {
  const ring = emptyRing();
  for (const [id, position, arrival] of entries) remember(ring, ringHash(id), ringHash(position), arrival);
  return ring;
}

/** What a ring holds, read from its bytes as its documentation describes them. */
export function entriesOf(ring: Ring | null): RingEntry[] {
  if (ring === null) return [];
  const { bytes, base, count } = ring;
  const uint = (at: number, length: number): number => {
    let x = 0;
    for (let i = length - 1; i >= 0; i--) x = x * 256 + (bytes[at + i] as number);
    return x;
  };
  return Array.from({ length: count }, (_, i) => [
    uint(i * 17, 6),
    uint(i * 17 + 6, 6),
    base + uint(i * 17 + 12, 5),
  ]);
}
