import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRing, writeRing } from '../../../lib/kernel/codec/ring.ts';
import { emptyRing, Reader, remember, ringHash, verdictOf, Writer } from '../../../lib/kernel/index.ts';
import { entriesOf, type RingEntry, ringOf } from './rings.ts';

const start = 1_750_000_000_000;
const within = 1000;

/** DESIGN, "Duplicates", said plainly. */
function naiveVerdict(entries: readonly RingEntry[], id: number, position: number, arrival: number) {
  const known = entries.filter(e => e[0] === id && e[2] + within >= arrival);
  if (known.length === 0) return 'new';
  return known.some(e => e[1] === position) ? 'retry' : 'copy';
}

const arbitraryEntries = fc.array(
  fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 5 }), fc.integer({ min: start - 3000, max: start + 3000 })),
  { maxLength: 150, size: 'max' },
);

describe('a ring', () => {
  it('leaves the bytes alone that it was read from, also where they are a Buffer', () => {
    const w = new Writer();
    writeRing(w, ringOf([[1, 2, start]]));
    const stored = Buffer.from(w.finish());
    const before = Buffer.copyBytesFrom(stored);
    const ring = readRing(new Reader(stored));
    remember(ring, 3, 4, start - 500);
    expect(entriesOf(ring)).toEqual([
      [1, 2, start],
      [3, 4, start - 500],
    ]);
    expect(stored).toEqual(before);
  });

  it('holds what was remembered, whatever the order of arrivals', () => {
    fc.assert(
      fc.property(arbitraryEntries, entries => {
        expect(entriesOf(ringOf(entries))).toEqual(entries);
      }),
    );
  });

  it('judges as its definition says, short and long, and after a round trip', () => {
    fc.assert(
      fc.property(
        arbitraryEntries,
        fc.nat({ max: 40 }),
        fc.nat({ max: 5 }),
        fc.integer({ min: -4000, max: 4000 }),
        (entries, id, position, later) => {
          const ring = ringOf(entries);
          const arrival = start + later;
          const wanted = naiveVerdict(entries, id, position, arrival);
          expect(verdictOf(ring, id, position, arrival, within)).toBe(wanted);
          if (entries.length === 0) return;
          const w = new Writer();
          writeRing(w, ring);
          const copy = readRing(new Reader(w.finish()));
          expect(verdictOf(copy, id, position, arrival, within)).toBe(wanted);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('counts `within` inclusively', () => {
    const ring = ringOf([[1, 1, start]]);
    expect(verdictOf(ring, 1, 2, start + within, within)).toBe('copy');
    expect(verdictOf(ring, 1, 2, start + within + 1, within)).toBe('new');
  });

  it('never writes into the bytes it was read from', () => {
    const w = new Writer();
    writeRing(
      w,
      ringOf([
        [1, 2, start],
        [3, 4, start + 5],
      ]),
    );
    const bytes = w.finish();
    const before = bytes.slice();
    const ring = readRing(new Reader(bytes));
    remember(ring, 5, 6, start - 7);
    remember(ring, 7, 8, start + 9);
    expect(entriesOf(ring)).toEqual([
      [1, 2, start],
      [3, 4, start + 5],
      [5, 6, start - 7],
      [7, 8, start + 9],
    ]);
    expect(bytes).toEqual(before);
  });

  it('keeps 48 bits of a hash, and is empty at first', () => {
    expect(ringHash(2 ** 53 - 1)).toBe(2 ** 48 - 1);
    expect(entriesOf(emptyRing())).toEqual([]);
    expect(verdictOf(emptyRing(), 1, 1, start, within)).toBe('new');
  });
});
