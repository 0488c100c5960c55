import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ObjectAggregator, TieCodec } from '../../../lib/kernel/aggregators/aggregator.ts';
import { approxDistinct } from '../../../lib/kernel/aggregators/approx-distinct.ts';
import { count } from '../../../lib/kernel/aggregators/count.ts';
import { decayed } from '../../../lib/kernel/aggregators/decayed.ts';
import { distinct, histogram } from '../../../lib/kernel/aggregators/distinct.ts';
import { type GroupedAggregator, grouped } from '../../../lib/kernel/aggregators/grouped.ts';
import { heavyHitters } from '../../../lib/kernel/aggregators/heavy-hitters.ts';
import { ordered } from '../../../lib/kernel/aggregators/ordered.ts';
import { quantileSketch } from '../../../lib/kernel/aggregators/quantile.ts';
import { ranked } from '../../../lib/kernel/aggregators/ranked.ts';
import { single } from '../../../lib/kernel/aggregators/single.ts';
import { floatSum, intSum } from '../../../lib/kernel/aggregators/sum.ts';
import { Reader, Writer } from '../../../lib/kernel/codec/bytes.ts';
import { valueCodec } from '../../../lib/kernel/codec/values.ts';

/* Events folded into a partial's bytes make of it what they make of the partial itself. */

const text = { kind: 'string' } as const;
const int = { kind: 'int' } as const;
const float = { kind: 'float' } as const;
const ties = valueCodec(text) as unknown as TieCodec;

interface Event {
  readonly key: string;
  readonly value: number;
  readonly time: number;
  readonly tie: string;
}

type Input = (e: Event) => unknown;
type Outcome = 'same' | 'written' | 'open';

const value: Input = e => e.value;
const name: Input = e => e.key;
const any = <P>(aggregator: ObjectAggregator<P>) => aggregator as unknown as ObjectAggregator<unknown>;
const byKey = (aggregator: GroupedAggregator) => ({ aggregator: any(aggregator), isByKey: true });

const cases: Record<
  string,
  { aggregator: ObjectAggregator<unknown>; input: Input; isByKey?: boolean; meets: Outcome[] }
> = {
  'a HyperLogLog': { aggregator: any(approxDistinct(4)), input: value, meets: ['same', 'written', 'open'] },
  'a quantile sketch': { aggregator: any(quantileSketch(0.05)), input: value, meets: ['written'] },
  'a set': { aggregator: any(distinct(text, 5)), input: name, meets: ['same', 'written', 'open'] },
  'a set of floats': { aggregator: any(distinct(float, 5)), input: value, meets: ['open'] },
  'a histogram': { aggregator: any(histogram(text, 5)), input: name, meets: ['written', 'open'] },
  'counts by key': { ...byKey(grouped(count, text, 5)), input: () => 1, meets: ['written', 'open'] },
  'sums by key': { ...byKey(grouped(intSum, text, 5)), input: value, meets: ['written', 'open'] },
  'float sums by key': { ...byKey(grouped(floatSum, text, 5)), input: value, meets: ['written', 'open'] },
  'decayed sums by key': {
    ...byKey(grouped(decayed(50), text, 5)),
    input: value,
    meets: ['written', 'open'],
  },
  'last values by key': {
    ...byKey(grouped(single('last', int, ties), text, 5)),
    input: value,
    meets: ['open'],
  },
  'a sample': { aggregator: any(heavyHitters(text, 8)), input: name, meets: ['written', 'open'] },
  'the first value': { aggregator: any(single('first', int, ties)), input: value, meets: ['same', 'open'] },
  'the first values': {
    aggregator: any(ordered('first', 3, int, ties)),
    input: value,
    meets: ['same', 'written', 'open'],
  },
  'the largest values': {
    aggregator: any(ranked('top', 3, int, null, ties)),
    input: value,
    meets: ['same', 'written'],
  },
  'the values with the least rank': {
    aggregator: any(ranked('bottom', 3, text, int, ties)),
    input: name,
    meets: ['same', 'written', 'open'],
  },
};

const arbitraryEvents = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'né', '12345', 'x'.repeat(70), 'c', 'd', ''),
    value: fc.integer({ min: -9, max: 20 }),
    time: fc.integer({ min: 990, max: 1000 }),
    tie: fc.string({ maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 25 },
);

describe('bytes that an event is folded into', () => {
  it.each(Object.entries(cases))('are those of the partial that it is folded into: %s', (_, one) => {
    const { aggregator, input, isByKey = false, meets } = one;
    const origin = 890;
    const encoded = (partial: unknown): Uint8Array => {
      const w = new Writer();
      aggregator.encode(w, partial, origin);
      return w.finish();
    };
    const met = new Set<Outcome>();
    fc.assert(
      fc.property(arbitraryEvents, events => {
        let bytes: Uint8Array | null = null;
        for (const e of events) {
          const partial = bytes === null ? aggregator.create() : aggregator.decode(new Reader(bytes), origin);
          const event = [input(e) as never, e.time, e.tie, e.value] as const;
          if (isByKey)
            (aggregator as GroupedAggregator).updateKey(
              partial as never,
              e.key,
              event[0],
              e.time,
              e.tie as never,
              null as never,
            );
          else aggregator.update(partial, ...event);
          const wanted = encoded(partial);
          if (bytes !== null) {
            // With others around them: only their own are theirs.
            const w = new Writer();
            w.raw(Uint8Array.of(255, ...bytes, 255));
            const around = w.finish();
            const r = new Reader(around, 1, around.length - 1);
            const outcome: Outcome = isByKey
              ? (aggregator as GroupedAggregator).refoldKey(
                  r,
                  w,
                  origin,
                  e.key,
                  event[0],
                  e.time,
                  e.tie as never,
                  null as never,
                )
              : aggregator.refold!(r, w, origin, ...event);
            met.add(outcome);
            if (outcome === 'written') expect(w.finish()).toEqual(wanted);
            if (outcome === 'same') expect(bytes).toEqual(wanted);
          }
          bytes = wanted;
        }
      }),
      { numRuns: 300 },
    );
    expect([...met].sort()).toEqual([...meets].sort());
  });
});
