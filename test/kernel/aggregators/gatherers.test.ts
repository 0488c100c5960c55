import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gatherer, ObjectAggregator } from '../../../lib/kernel/aggregators/aggregator.ts';
import { approxDistinct, cardinality } from '../../../lib/kernel/aggregators/approx-distinct.ts';
import { type GatheredBins, sketchOf } from '../../../lib/kernel/aggregators/gather-bins.ts';
import type { GatheredRegisters } from '../../../lib/kernel/aggregators/gather-registers.ts';
import { quantileSketch } from '../../../lib/kernel/aggregators/quantile.ts';
import { Reader, Writer } from '../../../lib/kernel/codec/bytes.ts';

/* What reads gather of encoded partials is what these merge to, and nothing of the row before. */

/** Of some partials, each made of some values: what they merge to, and what two gathering halves merge to. */
function bothWays<P, G>(aggregator: ObjectAggregator<P>, kept: readonly [G, G], parts: readonly unknown[][]) {
  const gatherer = aggregator.gatherer as Gatherer<G>;
  for (const g of kept) gatherer.clear(g);
  const merged = aggregator.create();
  for (const [i, values] of parts.entries()) {
    const part = aggregator.create();
    for (const value of values) aggregator.update(part, value as never, 0, '', null);
    const w = new Writer();
    aggregator.encode(w, part, 0);
    const bytes = w.finish();
    aggregator.merge(merged, aggregator.decode(new Reader(bytes), 0));
    const r = new Reader(bytes);
    gatherer.absorb(kept[i % 2] as G, r, 0);
    expect(r.at).toBe(r.end);
    const skipped = new Reader(bytes);
    aggregator.skip(skipped);
    expect(skipped.at).toBe(skipped.end);
  }
  gatherer.merge(kept[0], kept[1]);
  return { merged, gathered: kept[0] };
}

const twice = <P, G>({ gatherer }: ObjectAggregator<P>): readonly [G, G] => [
  gatherer!.create() as G,
  gatherer!.create() as G,
];

describe('gathered', () => {
  test('registers count as the merged sketch does, sparse and dense', () => {
    // 64 registers: 16 entries fit the sparse form.
    const aggregator = approxDistinct(6);
    const kept = twice<unknown, GatheredRegisters>(aggregator as ObjectAggregator<unknown>);
    let dense = 0;
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat({ max: 60 }), { maxLength: 20 }), { maxLength: 8 }), parts => {
        const { merged, gathered } = bothWays(aggregator, kept, parts);
        expect(gathered.dense).toEqual(merged.dense);
        expect(cardinality(gathered)).toBe(cardinality(merged));
        if (merged.dense !== null) dense++;
      }),
      { numRuns: 500 },
    );
    expect(dense).toBeGreaterThan(50);
  });

  test('bins are those of the merged sketch, near, far apart and joined', () => {
    const aggregator = quantileSketch(0.01);
    const kept = twice<unknown, GatheredBins>(aggregator as ObjectAggregator<unknown>);
    const near = fc.integer({ min: -50, max: 50 });
    const far = fc.constantFrom(1e-300, -1e-300, 1e300, -1e300, 1, 0);
    fc.assert(
      fc.property(fc.array(fc.array(fc.oneof(near, far), { maxLength: 20 }), { maxLength: 8 }), parts => {
        const { merged, gathered } = bothWays(aggregator, kept, parts);
        expect(sketchOf(gathered)).toEqual(merged);
      }),
      { numRuns: 500 },
    );
    const wide = Array.from({ length: 3_000 }, (_, i) => 1.02 ** (i * 1.1));
    const { merged, gathered } = bothWays(aggregator, kept, [wide.slice(0, 1_500), wide, [5]]);
    expect(merged.positive.joined).toBe(true);
    expect(sketchOf(gathered)).toEqual(merged);
    expect(sketchOf(bothWays(aggregator, kept, [[5]]).gathered).positive.bins).toHaveLength(1);
  });
});
