import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGroup, decoded, type State, type StreamEvent, type Value } from '../../lib/kernel/index.ts';
import { type OracleEvent, type OracleFeature, oracle } from './oracle.ts';
import { arbitraryEvents, arbitraryGroup, arbitraryQuery, type RandomGroup, stream } from './random-group.ts';

/** Runs of each property; `npm run test -- --runs` style overrides come by the environment for longer hunts. */
const numRuns = Number(process.env.MILLRACE_PROPERTY_RUNS ?? 400);

const eventOf = (e: OracleEvent): StreamEvent => ({
  values: stream.schema.map(f =>
    f.name === 'id'
      ? e.id
      : f.name === 'user'
        ? 'u'
        : f.name === 'ts'
          ? e.time
          : ((e.fields[f.name] ?? null) as Value),
  ),
  time: e.time,
  arrivalTime: e.time,
  tie: e.id,
  unknownFields: 0,
});

/** Random reshuffling, splitting, merging and encoding of the same events. */
const arbitraryWay = fc.record({
  seed: fc.nat(),
  parts: fc.integer({ min: 1, max: 5 }),
  encodeEvery: fc.integer({ min: 1, max: 20 }),
  cutAt: fc.constantFrom(40, 200, 100_000),
  // As events come: then most only add to what is there.
  inOrder: fc.boolean(),
});
type Way = typeof arbitraryWay extends fc.Arbitrary<infer T> ? T : never;

function stateAfter({ plan, group }: RandomGroup, events: readonly OracleEvent[], way: Way): State {
  const kernel = compileGroup(plan, group);
  const random = randomNumbers(way.seed);
  const states = Array.from({ length: way.parts }, () => kernel.createState());
  const shuffled = [...events].sort((a, b) => a.time - b.time);
  for (let i = shuffled.length - 1; i > 0 && !way.inOrder; i--) {
    const j = random() % (i + 1);
    [shuffled[i], shuffled[j]] = [shuffled[j] as OracleEvent, shuffled[i] as OracleEvent];
  }
  for (const [i, event] of shuffled.entries()) {
    const part = random() % way.parts;
    kernel.update(states[part] as State, eventOf(event));
    if (i % way.encodeEvery === 0) states[part] = kernel.decode(kernel.encode(states[part] as State));
  }
  const pieces = states.flatMap(state => kernel.cut(state, way.cutAt));
  const whole = kernel.createState();
  for (const piece of pieces) kernel.merge(whole, kernel.decode(kernel.encode(piece)));
  return kernel.decode(kernel.encode(whole));
}

/** A small generator of its own, so that a shrunk example can be run again. */
function randomNumbers(seed: number): () => number {
  let x = seed | 1;
  return () => {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    return x >>> 8;
  };
}

function expectSame(actual: Value, feature: OracleFeature, events: readonly OracleEvent[], q: number): void {
  const wanted = oracle(feature, events, q);
  const magnitude = events.reduce((sum, e) => sum + Math.abs(Number(e.fields[feature.field ?? ''] ?? 1)), 0);
  const what = `${feature.aggregate}(${feature.field}) over ${feature.window} by ${feature.by}`;
  compare(what, actual, wanted, feature, magnitude);
}

function compare(
  what: string,
  actual: unknown,
  wanted: unknown,
  feature: OracleFeature,
  magnitude: number,
): void {
  if (actual instanceof Map && feature.by !== undefined) {
    const { by: _, ...inner } = feature;
    expect(new Set(actual.keys()), what).toEqual(new Set((wanted as Map<unknown, unknown>).keys()));
    for (const [key, value] of actual)
      compare(`${what}[${key}]`, value, (wanted as Map<unknown, unknown>).get(key), inner, magnitude);
    return;
  }
  if (typeof actual !== 'number' || typeof wanted !== 'number') {
    expect(actual, what).toEqual(wanted);
    return;
  }
  if (feature.aggregate === 'quantile') {
    expect(Math.abs(actual - wanted), what).toBeLessThanOrEqual(0.01 * Math.abs(wanted) + 1e-12);
  } else if (feature.aggregate === 'variance') {
    expect(Math.abs(actual - wanted), what).toBeLessThanOrEqual(1e-9 * (magnitude ** 2 + 1));
  } else {
    const exact = feature.field !== 'x' && !['avg', 'decayed'].includes(feature.aggregate);
    expect(Math.abs(actual - wanted), what).toBeLessThanOrEqual(exact ? 0 : 1e-9 * magnitude);
  }
}

describe('a group’s values', () => {
  it('equal the oracle’s, whatever the order, the splits, the merges and the round trips', () => {
    fc.assert(
      fc.property(
        arbitraryGroup,
        arbitraryEvents,
        arbitraryWay,
        arbitraryQuery,
        (random, events, way, query) => {
          const state = stateAfter(random, events, way);
          const kernel = compileGroup(random.plan, random.group);
          const q = query(random, events);
          const { values } = kernel.finalize(state, q);
          for (const [i, feature] of random.features.entries()) {
            expectSame(values[i] as Value, feature, scaled(events, feature), q);
          }
          // Some of them by themselves, in another order; and asking changes nothing.
          const some = [...values.keys()].filter(i => i % 2 === 0).reverse();
          const finalize = kernel.finalizer(some);
          const bytes = kernel.encode(state);
          // A row, the same in parts as a row and its runs are, and the row once more: nothing stays of what was asked.
          for (const parts of [[bytes], kernel.cut(state, bytes.length / 3).map(kernel.encode), [bytes]]) {
            const values = finalize(parts, q).values;
            for (const [at, i] of some.entries()) {
              const feature = random.features[i]!;
              expectSame(decoded(values[at]!), feature, scaled(events, feature), q);
            }
          }
        },
      ),
      { numRuns },
    );
  });

  it('are those of no events for an empty state and for no state', () => {
    fc.assert(
      fc.property(arbitraryGroup, random => {
        const kernel = compileGroup(random.plan, random.group);
        const q = Date.UTC(2024, 0, 1);
        expect(kernel.finalize(kernel.createState(), q)).toEqual(kernel.finalize(null, q));
        for (const [i, feature] of random.features.entries()) {
          expect(kernel.finalize(null, q).values[i]).toEqual(oracle(feature, [], q));
        }
      }),
      { numRuns: numRuns / 4 },
    );
  });

  it('come from states whose bytes are stable once compacted', () => {
    fc.assert(
      fc.property(arbitraryGroup, arbitraryEvents, arbitraryWay, (random, events, way) => {
        const kernel = compileGroup(random.plan, random.group);
        const bytes = kernel.encode(stateAfter(random, events, way));
        expect(kernel.encode(kernel.decode(bytes))).toEqual(bytes);
      }),
      { numRuns: numRuns / 4 },
    );
  });

  it('leave merged states as they were', () => {
    fc.assert(
      fc.property(arbitraryGroup, arbitraryEvents, arbitraryEvents, arbitraryWay, (random, a, b, way) => {
        const kernel = compileGroup(random.plan, random.group);
        const from = stateAfter(random, a, way);
        const before = kernel.encode(from);
        const into = stateAfter(
          random,
          b.map(e => ({ ...e, id: e.id + 1000 })),
          way,
        );
        kernel.merge(into, from);
        for (const e of b) kernel.update(into, eventOf({ ...e, id: e.id + 2000 }));
        expect(kernel.encode(from)).toEqual(before);
      }),
      { numRuns: numRuns / 4 },
    );
  });
});

/** The oracle computes with decimals as scaled integers, as the kernel's memory form has them; only averages differ. */
function scaled(events: readonly OracleEvent[], feature: OracleFeature): readonly OracleEvent[] {
  const rescales =
    feature.field === 'cents' && ['avg', 'variance', 'quantile', 'decayed'].includes(feature.aggregate);
  if (!rescales) return events;
  return events.map(e => ({
    ...e,
    fields: { ...e.fields, cents: e.fields.cents === null ? null : Number(e.fields.cents) / 100 },
  }));
}
