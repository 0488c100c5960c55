import type { Expression } from '../../../lib/kernel/expression/nodes.ts';
import type { FeaturePlan, GroupPlan, SlotPlan, StreamPlan, Window } from '../../../lib/kernel/plan.ts';
import { type FieldName, field, randomOf, streamOf, types } from '../build.ts';

/**
 * What the golden files are written from: one case for each family of aggregators and one with everything. A case is
 * a group and events; write.ts turns it into a file that stays as it is for ever.
 */
export interface GoldenCase {
  readonly name: string;
  readonly stream: StreamPlan;
  readonly group: GroupPlan;
  /** As they arrive; positions and arrival times follow from their order. */
  readonly events: readonly Record<string, unknown>[];
  /** Whether the row has settled ids and names runs of such. */
  readonly hasIds?: boolean;
}

const hour = 3_600_000;
const day = 24 * hour;
const start = Date.UTC(2024, 1, 28);
const windows: readonly Window[] = [hour, 7 * day, 30 * day, 'lifetime'];

type Slot = Omit<SlotPlan, 'windows'>;
type Reading = Pick<FeaturePlan, 'finalizer' | 'options'>;
const value: Reading = { finalizer: 'value' };

const slotsByFamily: Record<string, readonly (readonly [Slot, ...Reading[]])[]> = {
  count: [
    [{ aggregator: 'count' }, value],
    [{ aggregator: 'count', input: field('n'), where: field('ok') }, value],
  ],
  sum: [
    [{ aggregator: 'sum', input: field('n') }, value, { finalizer: 'avg' }],
    [{ aggregator: 'sum', input: field('big') }, value],
    [{ aggregator: 'sum', input: field('cents') }, value, { finalizer: 'avg' }],
    [{ aggregator: 'sum', input: field('x') }, value, { finalizer: 'avg' }],
  ],
  moments: [
    [
      { aggregator: 'moments', input: field('x') },
      { finalizer: 'variance' },
      { finalizer: 'stddev', options: { sample: true } },
    ],
  ],
  extremes: (['n', 'x', 'big', 'cents', 's'] as const).flatMap(name => [
    [{ aggregator: 'min', input: field(name) }, value] as const,
    [{ aggregator: 'max', input: field(name) }, value] as const,
  ]),
  ordered: [
    [{ aggregator: 'first', input: field('s') }, value],
    [{ aggregator: 'last', input: field('ok') }, value],
    [{ aggregator: 'firstK', input: field('n'), options: { k: 3 } }, value],
    [{ aggregator: 'lastK', input: field('s'), options: { k: 5 } }, value],
    [{ aggregator: 'lastK', input: structOf('s', 'big', 'x'), options: { k: 3 } }, value],
  ],
  ranked: [
    [{ aggregator: 'topK', input: field('s'), orderBy: field('n'), options: { k: 3 } }, value],
    [{ aggregator: 'bottomK', input: field('x'), options: { k: 3 } }, value],
  ],
  distinct: [
    [{ aggregator: 'distinct', input: field('s'), options: { limit: 5 } }, value, { finalizer: 'size' }],
    [{ aggregator: 'distinct', input: field('big'), options: { limit: 50 } }, value],
  ],
  histogram: [
    [
      { aggregator: 'histogram', input: field('s'), options: { limit: 50 } },
      { finalizer: 'top' },
      { finalizer: 'top', options: { top: 2 } },
    ],
  ],
  'approx-distinct': [
    [{ aggregator: 'approxDistinct', input: field('n') }, { finalizer: 'size' }],
    // So few registers that the sketch is dense after a few events.
    [{ aggregator: 'approxDistinct', input: field('id'), options: { precision: 4 } }, { finalizer: 'size' }],
  ],
  quantile: [
    [
      { aggregator: 'quantile', input: field('x') },
      { finalizer: 'quantile', options: { q: 0.5 } },
      { finalizer: 'quantile', options: { q: 0.95 } },
    ],
  ],
  'heavy-hitters': [
    [{ aggregator: 'heavyHitters', input: field('s'), options: { limit: 20 } }, { finalizer: 'top' }],
  ],
  decayed: [
    [{ aggregator: 'decayed', options: { halfLifeMs: 6 * hour } }, value],
    [{ aggregator: 'decayed', input: field('cents'), options: { halfLifeMs: 30 * day } }, value],
  ],
  'by-key': [
    [{ aggregator: 'count', by: { key: field('s'), limit: 50 } }, value],
    [{ aggregator: 'sum', input: field('x'), by: { key: field('n'), limit: 3 } }, value],
    [
      { aggregator: 'lastK', input: field('n'), options: { k: 2 }, by: { key: field('ok'), limit: 2 } },
      value,
    ],
  ],
};

export const cases: readonly GoldenCase[] = [
  ...Object.entries(slotsByFamily).map(([name, slots], i) =>
    caseOf(name, slots, { seed: i + 1, events: 40 }),
  ),
  caseOf('everything', Object.values(slotsByFamily).flat(), { seed: 100, events: 60 }),
  caseOf('everything-by-position', Object.values(slotsByFamily).flat(), {
    seed: 101,
    events: 30,
    dedupe: false,
  }),
  caseOf('empty', slotsByFamily.count ?? [], { seed: 102, events: 0 }),
  { ...caseOf('settled-ids', slotsByFamily.count ?? [], { seed: 103, events: 20 }), hasIds: true },
];

function structOf(...names: FieldName[]): Expression {
  const fields = names.map(name => ({ name, value: field(name) }));
  return {
    kind: 'struct',
    type: { kind: 'struct', fields: names.map(name => ({ name, type: types[name] })) },
    fields,
  };
}

function caseOf(
  name: string,
  slots: readonly (readonly [Slot, ...Reading[]])[],
  { seed, events, dedupe = true }: { seed: number; events: number; dedupe?: boolean },
): GoldenCase {
  const group: GroupPlan = {
    name: 'g',
    version: 1,
    entity: 'e',
    stream: 's',
    keys: ['id'],
    slots: slots.map(([slot], i) => ({ ...slot, windows: windowsOf(i) })),
    features: slots.flatMap(([, ...readings], slot) =>
      windowsOf(slot).flatMap(window =>
        readings.map(
          (reading, j): FeaturePlan => ({
            name: `f${slot}_${j}_${window}`,
            type: { kind: 'float' },
            slot,
            window,
            ...reading,
          }),
        ),
      ),
    ),
    derived: [],
    fingerprint: '',
  };
  return { name, stream: streamOf({ dedupe }), group, events: randomEvents(events, seed) };
}

/** Two sets of windows, so that groups of several slots have several tracks. */
function windowsOf(slot: number): readonly Window[] {
  return slot % 2 === 0 ? windows : windows.slice(1, 3);
}

/** Over two months, denser towards the end, a fifth of every field missing. */
function randomEvents(n: number, seed: number): Record<string, unknown>[] {
  const random = randomOf(seed);
  const texts = ['a', 'b', 'né', '😀', '12345', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', 'x'.repeat(70), ''];
  const maybe = (make: () => unknown): unknown => (random() < 0.2 ? null : make());
  return Array.from({ length: n }, (_, i) => ({
    id: i % 3 === 0 ? String(10_000 + i) : `event-${i}`,
    ts: start + Math.floor((1 - random() ** 4) * 60 * day),
    n: maybe(() => Math.floor((random() - 0.5) * (random() < 0.2 ? 2 ** 53 : 20))),
    m: maybe(() => Math.floor(random() * 5)),
    x: maybe(() => (random() < 0.2 ? 0 : (random() - 0.4) * 10 ** Math.floor(random() * 8))),
    big: maybe(() => String(BigInt(Math.floor(random() * 2 ** 53)) * (random() < 0.5 ? -900n : 900n))),
    cents: maybe(() => Math.floor((random() - 0.3) * 100_000) / 100),
    s: maybe(() => texts[Math.floor(random() * texts.length)]),
    ok: maybe(() => random() < 0.6),
  }));
}
