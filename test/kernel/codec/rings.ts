import {
  emptyRing,
  type Ring,
  remember,
  ringHash,
  type SettledIds,
  settle,
} from '../../../lib/kernel/index.ts';

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

/** [id, arrival] */
export type SettledEntry = readonly [number, number];

export const settledOf = (entries: readonly SettledEntry[]): SettledIds | null =>
  settle(null, ringOf(entries.map(([id, arrival]) => [id, 0, arrival])));

/** What settled ids are, read from their bytes as their documentation describes them. */
export function settledEntriesOf(settled: SettledIds | null): SettledEntry[] {
  if (settled === null) return [];
  const { ids, steps, count, first } = settled;
  let at = 0;
  const step = (): number => {
    let zigzag = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(steps[at++] as number);
      zigzag |= (byte & 127n) << shift;
      if (byte < 128n) break;
    }
    return Number(zigzag & 1n ? -((zigzag + 1n) >> 1n) : zigzag >> 1n);
  };
  let arrival = first;
  return Array.from({ length: count }, (_, i) => {
    if (i > 0) arrival += step();
    return [Buffer.from(ids).readUIntLE(i * 6, 6), arrival];
  });
}
