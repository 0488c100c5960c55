import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Window } from '../../lib/kernel/plan.ts';
import { day, floorTo, hour, minute } from '../../lib/kernel/time.ts';
import { hopOf, timesAlike, windowStart } from '../../lib/kernel/window.ts';
import { benchOf, field } from './build.ts';

describe('the hop of a window', () => {
  it.each([
    { window: 5 * minute, hop: 5 * minute, name: '5 min' },
    { window: 11 * hour + 59 * minute, hop: 5 * minute, name: '11 h 59 min' },
    { window: 12 * hour - 1, hop: 5 * minute, name: '12 h − 1 ms' },
    { window: 12 * hour, hop: hour, name: '12 h' },
    { window: 12 * hour + 1, hop: hour, name: '12 h + 1 ms' },
    { window: 12 * day - hour, hop: hour, name: '12 d − 1 h' },
    { window: 12 * day - 1, hop: hour, name: '12 d − 1 ms' },
    { window: 12 * day, hop: day, name: '12 d' },
    { window: 90 * day, hop: day, name: '90 d' },
  ])('of $name', ({ window, hop }) => {
    expect(hopOf(window)).toBe(hop);
  });
});

describe('the times alike', () => {
  const window = fc.oneof(
    fc.constantFrom<Window>('lifetime', 5 * minute, hour, day, 7 * day, 90 * day),
    fc.integer({ min: 5 * minute, max: 90 * day }),
  );

  it('are those at which no window starts elsewhere, and no others', () => {
    fc.assert(
      fc.property(fc.array(window, { maxLength: 4 }), fc.integer({ min: -day, max: 1e12 }), (windows, q) => {
        const startsAt = (time: number) => windows.map(w => windowStart(w, time));
        const { from, until } = timesAlike(windows, q);
        expect(from <= q && q < until).toBe(true);
        if (windows.every(w => w === 'lifetime')) {
          expect({ from, until }).toEqual({ from: -Infinity, until: Infinity });
          return;
        }
        expect(startsAt(from)).toEqual(startsAt(q));
        expect(startsAt(until - 1)).toEqual(startsAt(q));
        expect(startsAt(from - 1)).not.toEqual(startsAt(q));
        expect(startsAt(until)).not.toEqual(startsAt(q));
      }),
    );
  });
});

describe('the start of a window', () => {
  const at = (text: string): number => Date.parse(`${text}Z`);
  it.each([
    { window: hour, q: '2024-02-29T12:34:56.789', start: '2024-02-29T11:30:00' },
    { window: hour, q: '2024-02-29T12:35:00.000', start: '2024-02-29T11:35:00' },
    { window: hour, q: '2024-02-29T12:34:59.999', start: '2024-02-29T11:30:00' },
    { window: 12 * hour - 5 * minute, q: '2024-02-29T12:34:56.789', start: '2024-02-29T00:35:00' },
    { window: 12 * hour, q: '2024-02-29T12:34:56.789', start: '2024-02-29T00:00:00' },
    { window: 12 * day - hour, q: '2024-03-01T12:34:56.789', start: '2024-02-18T13:00:00' },
    { window: 12 * day, q: '2024-03-01T12:34:56.789', start: '2024-02-18T00:00:00' },
    { window: 12 * day, q: '2024-03-01T00:00:00.000', start: '2024-02-18T00:00:00' },
    // Before 1970 the start is still below q − W, never above it.
    { window: hour, q: '1969-12-31T23:59:59.999', start: '1969-12-31T22:55:00' },
    { window: day, q: '1969-12-31T23:30:00.000', start: '1969-12-30T23:00:00' },
    { window: 30 * day, q: '1969-12-31T23:30:00.000', start: '1969-12-01T00:00:00' },
    { window: 30 * day, q: '1970-01-01T00:00:00.000', start: '1969-12-02T00:00:00' },
  ])('of $window ms at $q is $start', ({ window, q, start }) => {
    expect(windowStart(window, at(q))).toBe(at(start));
  });

  it('of lifetime is before every time', () => {
    expect(windowStart('lifetime', 0)).toBe(Number.NEGATIVE_INFINITY);
  });

  it('lies on a hop, less than one hop before q − W', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5 * minute, max: 90 * day }),
        fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
        (window, q) => {
          const start = windowStart(window, q);
          const hop = hopOf(window);
          expect(start - floorTo(start, hop)).toBe(0);
          expect(q - window - start).toBeGreaterThanOrEqual(0);
          expect(q - window - start).toBeLessThan(hop);
        },
      ),
    );
  });
});

describe('an event counts in a window', () => {
  const windows = [hour, 12 * hour - minute, 12 * hour, 12 * day - hour, 12 * day, 90 * day] as const;
  const newest = Date.UTC(2024, 4, 1, 10, 7, 30);
  const q = newest + 1;

  it.each(windows)('of %d ms from its first millisecond on, not a millisecond earlier', window => {
    const bench = benchOf({ aggregator: 'count' }, [{ finalizer: 'value', window }]);
    const start = windowStart(window, q);
    const last = { time: newest, id: 'newest' };
    expect(bench.value(bench.stateOf([last, { time: start, id: 'a' }]), q)).toBe(2);
    expect(bench.value(bench.stateOf([last, { time: start - 1, id: 'a' }]), q)).toBe(1);
    expect(bench.value(bench.stateOf([{ time: start - 1, id: 'a' }, last]), q)).toBe(1);
  });

  it('until the query time, which is not in it', () => {
    const bench = benchOf({ aggregator: 'count' }, [{ finalizer: 'value', window: hour }]);
    const state = bench.stateOf([{ time: newest }]);
    expect(bench.value(state, newest + 1)).toBe(1);
    expect(() => bench.value(state, newest)).toThrow(/not past the newest event/);
  });

  it('of last and lastK like in any other', () => {
    for (const window of windows) {
      const start = windowStart(window, q);
      for (const aggregator of ['last', 'lastK'] as const) {
        const slot = { aggregator, input: field('n'), options: { k: 2 } };
        const bench = benchOf(slot, [{ finalizer: 'value', window }]);
        const inside = bench.stateOf([{ time: start, fields: { n: 7 } }]);
        const outside = bench.stateOf([{ time: start - 1, fields: { n: 7 } }]);
        expect(bench.value(inside, q)).toEqual(aggregator === 'last' ? 7 : [7]);
        expect(bench.value(outside, q)).toEqual(aggregator === 'last' ? null : []);
      }
    }
  });
});

/** Events are of one tile when the row's bytes are the same for either. */
describe('tiles', () => {
  const newest = Date.UTC(2024, 4, 1, 10, 7, 30);

  function bytesWith(windows: readonly Window[], time: number | null, last = newest): string {
    const readings = windows.map(window => ({ finalizer: 'value', window }) as const);
    const bench = benchOf({ aggregator: 'count' }, readings);
    const state = bench.stateOf([{ time: last }, ...(time === null ? [] : [{ time }])]);
    return Buffer.from(bench.kernel.encode(state)).toString('hex');
  }
  function expectTile(windows: readonly Window[], start: number, end: number): void {
    const bytes = bytesWith(windows, start);
    expect(bytesWith(windows, Math.floor((start + end) / 2))).toBe(bytes);
    expect(bytesWith(windows, end - 1)).toBe(bytes);
    expect(bytesWith(windows, start - 1)).not.toBe(bytes);
    if (end <= newest) expect(bytesWith(windows, end)).not.toBe(bytes);
  }

  it('are of the finest hop whose windows still reach them, then of the next ones', () => {
    const windows = [hour, day, 30 * day];
    const [fine, middle, coarse] = windows.map(w => windowStart(w, newest + 1)) as [number, number, number];
    expectTile(windows, floorTo(newest, 5 * minute), newest + 1);
    expectTile(windows, fine + 5 * minute, fine + 10 * minute);
    expectTile(windows, fine, fine + 5 * minute);
    expectTile(windows, floorTo(fine - 1, hour), fine);
    expectTile(windows, middle + hour, middle + 2 * hour);
    expectTile(windows, floorTo(middle - 1, day), middle);
    expectTile(windows, coarse + day, coarse + 2 * day);
    expect(bytesWith(windows, coarse)).not.toBe(bytesWith(windows, null));
    expect(bytesWith(windows, coarse - 1)).toBe(bytesWith(windows, null));
  });

  it('of one hop reach back as far as the longest of its windows', () => {
    const windows = [hour, 6 * hour];
    const start = windowStart(6 * hour, newest + 1);
    expectTile(windows, start, start + 5 * minute);
    expect(bytesWith(windows, start - 1)).toBe(bytesWith(windows, null));
  });

  it('end in one that takes all of time before, where there is lifetime', () => {
    expect(bytesWith(['lifetime'], newest - 1)).toBe(bytesWith(['lifetime'], newest - 900 * day));
    const windows = [hour, 'lifetime'] as const;
    const start = windowStart(hour, newest + 1);
    expectTile(windows, start, start + 5 * minute);
    expect(bytesWith(windows, start - 1)).toBe(bytesWith(windows, start - 900 * day));
  });

  it('floor before 1970', () => {
    const windows = [hour, 30 * day];
    expect(bytesWith(windows, -1, 0)).toBe(bytesWith(windows, -5 * minute, 0));
    expect(bytesWith(windows, -1, 0)).not.toBe(bytesWith(windows, -5 * minute - 1, 0));
    expect(bytesWith(windows, -day - 1, 0)).toBe(bytesWith(windows, -2 * day, 0));
    expect(bytesWith(windows, -day - 1, 0)).not.toBe(bytesWith(windows, -day, 0));
  });

  it('keep a row as small as its windows allow, however long it lives', () => {
    const bench = benchOf({ aggregator: 'count' }, [
      { finalizer: 'value', window: hour },
      { finalizer: 'value', window: 7 * day },
    ]);
    const state = bench.kernel.createState();
    const sizes: number[] = [];
    for (let i = 0; i < 60 * 24 * 12; i++) {
      bench.update(state, { time: newest + i * 5 * minute });
      if (i % (24 * 12) === 0) sizes.push(bench.kernel.encode(state).length);
    }
    // 13 tiles of 5 minutes and 169 of an hour, a distance, a bitmap and a count each.
    expect(Math.max(...sizes)).toBeLessThan(182 * 3 + 20);
  });
});
