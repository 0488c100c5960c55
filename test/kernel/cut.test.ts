import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGroup, type GroupPlan, type State, type StreamEvent } from '../../lib/kernel/index.ts';
import type { SlotPlan, Window } from '../../lib/kernel/plan.ts';
import { benchOf, field, randomOf, streamOf } from './build.ts';

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2024, 0, 1);

const slots: Omit<SlotPlan, 'windows'>[] = [
  { aggregator: 'count' },
  { aggregator: 'sum', input: field('x') },
  { aggregator: 'distinct', input: field('s'), options: { limit: 50 } },
  { aggregator: 'lastK', input: field('s'), options: { k: 20 } },
  { aggregator: 'quantile', input: field('x') },
  { aggregator: 'topK', input: field('s'), orderBy: field('n'), options: { k: 10 } },
];

function kernelOf(windows: readonly Window[]) {
  const group: GroupPlan = {
    name: 'g',
    version: 1,
    entity: 'e',
    stream: 's',
    keys: ['id'],
    slots: slots.map(slot => ({ ...slot, windows })),
    features: slots.flatMap((slot, i) =>
      windows.map(window => ({
        name: `f${i}_${window}`,
        type: { kind: 'float' } as const,
        slot: i,
        window,
        finalizer: slot.aggregator === 'quantile' ? ('quantile' as const) : ('value' as const),
      })),
    ),
    derived: [],
    fingerprint: '',
  };
  const kernel = compileGroup({ streams: [streamOf()] }, group);
  const names = streamOf().schema.map(f => f.name);
  const stateOf = (n: number, seed: number): State => {
    const random = randomOf(seed);
    const state = kernel.createState();
    for (let i = 0; i < n; i++) {
      const time = start + Math.floor(random() * 60 * day);
      const fields: Record<string, string | number> = {
        id: `event-${i}`,
        ts: time,
        n: Math.floor(random() * 100),
        x: Math.floor(random() * 1000),
        s: `item-${Math.floor(random() * 30)}`,
      };
      const values = names.map(name => fields[name] ?? null);
      const event: StreamEvent = { values, time, arrivalTime: time, tie: `event-${i}`, unknownFields: 0 };
      kernel.update(state, event);
    }
    return state;
  };
  return { kernel, stateOf };
}

describe('cut', () => {
  const groups = [
    kernelOf([hour, 7 * day, 30 * day]),
    kernelOf([hour, 30 * day, 'lifetime']),
    kernelOf(['lifetime']),
  ];

  it('yields states that together are the whole, each within the limit or a single partial', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...groups),
        fc.nat({ max: 150 }),
        fc.nat(),
        fc.constantFrom(60, 300, 1000, 100_000),
        (group, events, seed, limit) => {
          const { kernel } = group;
          const state = group.stateOf(events, seed);
          const whole = kernel.encode(state);
          const q = events === 0 ? 0 : state.newest + 1;
          const values = kernel.finalize(state, q);
          const pieces = kernel.cut(kernel.decode(whole), limit);
          for (const piece of pieces) {
            const size = kernel.encode(piece).length;
            if (size > limit) expect(kernel.cut(piece, limit)).toHaveLength(1);
            if (size > limit) expect(partialsOf(kernel, piece)).toBe(1);
          }
          if (whole.length <= limit) expect(pieces).toHaveLength(1);
          // Halves, not slices: pieces are well filled.
          if (limit >= 1000)
            expect(pieces.length).toBeLessThanOrEqual(Math.max(1, 4 * (whole.length / limit)));
          const joined = kernel.createState();
          for (const piece of pieces) kernel.merge(joined, kernel.decode(kernel.encode(piece)));
          expect(kernel.finalize(joined, q)).toEqual(values);
        },
      ),
      { numRuns: 60 },
    );
  });

  /** How many of the slots that a piece feeds have a value of their own: one, in a piece that cannot be cut. */
  function partialsOf(kernel: (typeof groups)[number]['kernel'], piece: State): number {
    const empty = kernel.finalize(null, 0).values;
    const { values } = kernel.finalize(piece, piece.newest + 1);
    const fed = kernel.group.features.filter(
      (_, i) => JSON.stringify(values[i]) !== JSON.stringify(empty[i]),
    );
    return new Set(fed.map(f => f.slot)).size;
  }

  it('leaves a single partial whole, however large', () => {
    const bench = benchOf({ aggregator: 'distinct', input: field('s'), options: { limit: 1000 } });
    const state = bench.stateOf(
      Array.from({ length: 500 }, (_, i) => ({ fields: { s: `a long value ${i}` } })),
    );
    expect(bench.kernel.encode(state).length).toBeGreaterThan(5000);
    expect(bench.kernel.cut(state, 100)).toHaveLength(1);
  });

  it('of an empty state is that state', () => {
    const { kernel } = groups[0] as (typeof groups)[number];
    expect(kernel.cut(kernel.createState(), 10)).toHaveLength(1);
  });
});

describe('states of many tiles and slots', () => {
  it('are taken apart and merged like small ones', () => {
    const wide: Omit<SlotPlan, 'windows'>[] = Array.from({ length: 90 }, () => ({
      aggregator: 'sum',
      input: field('x'),
    }));
    const windows = [12 * hour - 300_000, 12 * day - hour, 90 * day];
    const group: GroupPlan = {
      name: 'g',
      version: 1,
      entity: 'e',
      stream: 's',
      keys: ['id'],
      slots: wide.map(slot => ({ ...slot, windows })),
      features: windows.map(window => ({
        name: `f${window}`,
        type: { kind: 'float' },
        slot: 89,
        window,
        finalizer: 'value',
      })),
      derived: [],
      fingerprint: '',
    };
    const stream = streamOf();
    const kernel = compileGroup({ streams: [stream] }, group);
    const state = kernel.createState();
    const end = start + 90 * day;
    const values = (time: number) =>
      stream.schema.map(f => (f.name === 'id' ? 'i' : f.name === 'ts' ? time : f.name === 'x' ? 1 : null));
    for (
      let time = start;
      time < end;
      time += time < end - 12 * day ? day : time < end - 12 * hour ? hour : 300_000
    ) {
      kernel.update(state, { values: values(time), time, arrivalTime: time, tie: 'i', unknownFields: 0 });
    }
    const { values: before } = kernel.finalize(state, end);
    const joined = kernel.createState();
    kernel.merge(joined, kernel.decode(kernel.encode(state)));
    expect(kernel.finalize(joined, end).values).toEqual(before);
    expect(before[2]).toBe(78 + 276 + 144);
  });
});
