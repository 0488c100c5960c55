import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSettled, writeSettled } from '../../../lib/kernel/codec/settled-ids.ts';
import {
  CorruptBytesError,
  cutIds,
  decodeIdRun,
  encodeIdRun,
  forgetBefore,
  holdsId,
  indexIds,
  joinIds,
  newestArrival,
  Reader,
  type SettledIds,
  settle,
  settledBytes,
  Writer,
} from '../../../lib/kernel/index.ts';
import { ringOf, type SettledEntry, settledEntriesOf, settledOf } from './rings.ts';

const start = 1_750_000_000_000;
const within = 1000;

const arbitraryEntries = fc.array(
  fc.tuple(
    fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 0, max: 2 ** 48 - 1 })),
    fc.integer({ min: start - 3000, max: start + 3000 }),
  ),
  { minLength: 1, maxLength: 150, size: 'max' },
);
const some = (entries: readonly SettledEntry[]) => settledOf(entries) as SettledIds;

/** DESIGN, "Duplicates", said plainly. */
const isHeld = (entries: readonly SettledEntry[], id: number, arrival: number) =>
  entries.some(e => e[0] === id && e[1] + within >= arrival);

describe('settled ids', () => {
  it('are those of the rings they are made of, in their order', () => {
    fc.assert(
      fc.property(fc.array(arbitraryEntries, { maxLength: 4 }), lists => {
        let settled: SettledIds | null = null;
        for (const entries of lists) {
          const before: SettledEntry[] = settledEntriesOf(settled);
          const next: SettledIds | null = settle(settled, ringOf(entries.map(([id, at]) => [id, 7, at])));
          expect(settledEntriesOf(settled)).toEqual(before);
          settled = next;
        }
        expect(settledEntriesOf(settled)).toEqual(lists.flat());
        expect(settled?.last).toBe(lists.flat().at(-1)?.[1]);
      }),
    );
  });

  it('tell a copy as its definition says, looked through and indexed, and after a round trip', () => {
    fc.assert(
      fc.property(
        arbitraryEntries,
        fc.nat({ max: 40 }),
        fc.integer({ min: -4000, max: 4000 }),
        (entries, id, later) => {
          const w = new Writer();
          writeSettled(w, some(entries));
          const settled = readSettled(new Reader(w.finish()));
          const wanted = isHeld(entries, id, start + later);
          expect(holdsId(settled, id, start + later, within)).toBe(wanted);
          indexIds(settled);
          expect(holdsId(settled, id, start + later, within)).toBe(wanted);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('count `within` inclusively', () => {
    const settled = some([[1, start]]);
    expect(holdsId(settled, 1, start + within, within)).toBe(true);
    expect(holdsId(settled, 1, start + within + 1, within)).toBe(false);
  });

  it('are forgotten from the oldest on, up to the first that has to stay', () => {
    fc.assert(
      fc.property(arbitraryEntries, fc.integer({ min: -4000, max: 4000 }), (entries, offset) => {
        const from = entries.findIndex(([, at]) => at >= start + offset);
        const kept = from < 0 ? [] : entries.slice(from);
        const settled = forgetBefore(some(entries), start + offset);
        expect(settledEntriesOf(settled)).toEqual(kept);
        expect(settled === null ? undefined : settled.last).toBe(kept.at(-1)?.[1]);
      }),
    );
  });

  it('are the same when they are cut and joined', () => {
    fc.assert(
      fc.property(arbitraryEntries, fc.integer({ min: 10, max: 2000 }), (entries, bytes) => {
        const parts = cutIds(some(entries), bytes);
        expect(parts.flatMap(settledEntriesOf)).toEqual(entries);
        for (const part of parts) expect(settledBytes(part) <= bytes || part.count === 1).toBe(true);
        const joined = joinIds(parts);
        expect(settledEntriesOf(joined)).toEqual(entries);
        expect(joined).toEqual(some(entries));
      }),
    );
  });

  it('take eight bytes each where events come seconds apart', () => {
    const settled = some(Array.from({ length: 100 }, (_, i) => [2 ** 40 + i, start + i * 5000]));
    expect(settledBytes(settled)).toBeLessThanOrEqual(800);
    expect(newestArrival(settled)).toBe(start + 99 * 5000);
  });

  it('know the newest arrival, wherever it stands', () => {
    expect(
      newestArrival(
        some([
          [1, start],
          [2, start + 9],
          [3, start + 4],
        ]),
      ),
    ).toBe(start + 9);
  });
});

describe('a run of settled ids', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(arbitraryEntries, entries => {
        expect(settledEntriesOf(decodeIdRun(encodeIdRun(some(entries))))).toEqual(entries);
      }),
    );
  });

  it('is refused when it is cut off, goes on, or is a state', () => {
    const bytes = encodeIdRun(
      some([
        [1, start],
        [2, start + 70_000],
        [3, start - 5],
      ]),
    );
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeIdRun(bytes.subarray(0, length)), `${length} bytes`).toThrow(CorruptBytesError);
    expect(() => decodeIdRun(Uint8Array.of(...bytes, 0))).toThrow('1 bytes after its end');
    expect(() => decodeIdRun(Uint8Array.of(1, 2, 3))).toThrow('a run of ids cannot begin with 1');
  });

  it('is refused with its bytes altered, or can be used', () => {
    const whole = encodeIdRun(some(Array.from({ length: 20 }, (_, i) => [i, start + i * 300])));
    let refused = 0;
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
        const bytes = whole.slice();
        bytes[at] = value;
        let run: SettledIds;
        try {
          run = decodeIdRun(bytes);
        } catch (error) {
          refused++;
          expect(error).toBeInstanceOf(CorruptBytesError);
          return;
        }
        expect(settledEntriesOf(run)).toHaveLength(run.count);
        holdsId(run, 3, start, within);
        indexIds(run);
        forgetBefore(run, start + 1000);
      }),
      { numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
