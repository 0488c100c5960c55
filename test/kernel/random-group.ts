import fc from 'fast-check';
import type { GroupPlan, Plan, SlotPlan, StreamPlan, ValueType, Window } from '../../lib/kernel/index.ts';
import type { OracleEvent, OracleFeature } from './oracle.ts';

/** Random groups over one stream, as Plan and as oracle sees them; random events, dense around hop edges. */

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const types = {
  id: { kind: 'int' },
  user: { kind: 'string' },
  item: { kind: 'string' },
  n: { kind: 'int' },
  x: { kind: 'float' },
  big: { kind: 'int64' },
  cents: { kind: 'decimal', scale: 2 },
  ok: { kind: 'bool' },
  ts: { kind: 'timestamp' },
} as const satisfies Record<string, ValueType>;

export const stream: StreamPlan = {
  name: 's',
  schema: Object.entries(types).map(([name, type]) => ({
    name,
    type,
    ...(name === 'id' || name === 'user' || name === 'ts' ? {} : { nullable: true as const }),
  })),
  eventTime: 'ts',
  key: ['user'],
  dedupe: { by: 'id', withinMs: hour },
  since: Number.MIN_SAFE_INTEGER,
};

const field = (name: keyof typeof types) =>
  ({ kind: 'field', source: 'event', name, type: types[name] }) as const;

const windows: readonly Window[] = [
  5 * minute,
  hour,
  6 * hour,
  11 * hour + 55 * minute,
  12 * hour,
  day,
  7 * day,
  12 * day - hour,
  12 * day,
  30 * day,
  90 * day,
  'lifetime',
];

const byLength = (a: Window, b: Window): number => (a === 'lifetime' ? 1 : b === 'lifetime' ? -1 : a - b);

const someWindows = fc
  .uniqueArray(fc.constantFrom(...windows), { minLength: 1, maxLength: 4 })
  .map(list => list.sort(byLength));

type Recipe = {
  readonly slot: Omit<SlotPlan, 'windows'>;
  readonly oracle: Omit<OracleFeature, 'window'>;
  readonly type: ValueType;
  readonly finalizer: GroupPlan['features'][number]['finalizer'];
  readonly q?: number;
};

const float = { kind: 'float' } as const;
const int = { kind: 'int' } as const;

function recipe(aggregate: string, name: keyof typeof types, k: number): Recipe {
  const input = field(name);
  const type = types[name];
  const list = { kind: 'list', of: type } as const;
  const oracle = { aggregate, field: name };
  switch (aggregate) {
    case 'sum':
      return { slot: { aggregator: 'sum', input }, oracle, type, finalizer: 'value' };
    case 'avg':
      return { slot: { aggregator: 'sum', input }, oracle, type: float, finalizer: 'avg' };
    case 'variance':
      return { slot: { aggregator: 'moments', input }, oracle, type: float, finalizer: 'variance' };
    case 'min':
    case 'max':
    case 'first':
    case 'last':
      return { slot: { aggregator: aggregate, input }, oracle, type, finalizer: 'value' };
    case 'firstK':
    case 'lastK':
      return {
        slot: { aggregator: aggregate, input, options: { k } },
        oracle: { ...oracle, k },
        type: list,
        finalizer: 'value',
      };
    case 'topK':
    case 'bottomK':
      return {
        slot: { aggregator: aggregate, input, orderBy: field('n'), options: { k } },
        oracle: { ...oracle, k, orderBy: 'n' },
        type: list,
        finalizer: 'value',
      };
    case 'distinct':
      return {
        slot: { aggregator: 'distinct', input, options: { limit: 100 } },
        oracle,
        type: list,
        finalizer: 'value',
      };
    case 'distinctCount':
      return {
        slot: { aggregator: 'distinct', input, options: { limit: 100 } },
        oracle,
        type: int,
        finalizer: 'size',
      };
    case 'histogram':
      return {
        slot: { aggregator: 'histogram', input, options: { limit: 100 } },
        oracle,
        type: { kind: 'map', key: type, value: int },
        finalizer: 'top',
      };
    case 'quantile':
      return {
        slot: { aggregator: 'quantile', input },
        oracle: { ...oracle, q: 0.4 },
        type: float,
        finalizer: 'quantile',
        q: 0.4,
      };
    case 'decayed':
      return {
        slot: { aggregator: 'decayed', input, options: { halfLifeMs: 6 * hour } },
        oracle: { ...oracle, halfLife: 6 * hour },
        type: float,
        finalizer: 'value',
      };
    default:
      return {
        slot: { aggregator: 'count', input },
        oracle: { aggregate: 'count', field: name },
        type: int,
        finalizer: 'value',
      };
  }
}

const numeric = ['n', 'x', 'cents'] as const;
const anyField = ['n', 'x', 'cents', 'item', 'big', 'ok'] as const;
const fieldsFor: Record<string, readonly (keyof typeof types)[]> = {
  count: anyField,
  sum: [...numeric, 'big'],
  avg: numeric,
  variance: numeric,
  min: [...numeric, 'item', 'big'],
  max: [...numeric, 'item', 'big'],
  first: anyField,
  last: anyField,
  firstK: anyField,
  lastK: anyField,
  topK: anyField,
  bottomK: anyField,
  distinct: ['item', 'n', 'big', 'ok'],
  distinctCount: ['item', 'n', 'x'],
  histogram: ['item', 'n', 'ok'],
  quantile: ['n', 'x'],
  decayed: ['n', 'x'],
};

const arbitraryFeature = fc.constantFrom(...Object.keys(fieldsFor)).chain(aggregate =>
  fc.record({
    recipe: fc
      .tuple(
        fc.constantFrom(...(fieldsFor[aggregate] as (keyof typeof types)[])),
        fc.integer({ min: 1, max: 4 }),
      )
      .map(([name, k]) => recipe(aggregate, name, k)),
    filtered: fc.boolean(),
    by: fc.constantFrom(undefined, undefined, 'item' as const, 'n' as const),
    windows: someWindows,
  }),
);

export interface RandomGroup {
  readonly plan: Pick<Plan, 'streams'>;
  readonly group: GroupPlan;
  readonly features: readonly OracleFeature[];
}

export const arbitraryGroup: fc.Arbitrary<RandomGroup> = fc
  .array(arbitraryFeature, { minLength: 1, maxLength: 6 })
  .map(parts => {
    const slots: SlotPlan[] = [];
    const planned: GroupPlan['features'][number][] = [];
    const features: OracleFeature[] = [];
    for (const { recipe: r, filtered, by, windows: wanted } of parts) {
      const where = filtered ? ({ where: field('ok') } as const) : {};
      const grouped = by === undefined ? {} : { by: { key: field(by), limit: 50 } };
      slots.push({ ...r.slot, ...where, ...grouped, windows: wanted });
      const type: ValueType = by === undefined ? r.type : { kind: 'map', key: types[by], value: r.type };
      for (const window of wanted) {
        const name = `f${planned.length}`;
        const options = r.q === undefined ? {} : { options: { q: r.q } };
        planned.push({ name, type, slot: slots.length - 1, window, finalizer: r.finalizer, ...options });
        const filter = filtered ? { where: (e: OracleEvent) => e.fields.ok === true } : {};
        features.push({ ...r.oracle, ...filter, ...(by === undefined ? {} : { by }), window });
      }
    }
    const group: GroupPlan = {
      name: 'g',
      version: 1,
      entity: 'user',
      stream: 's',
      keys: ['user'],
      slots,
      features: planned,
      derived: [],
      fingerprint: '',
    };
    return { plan: { streams: [stream] }, group, features };
  });

const base = Date.UTC(2024, 1, 28);

/** Times on hop edges and a millisecond beside them, minutes to months apart, before 1970 too. */
const arbitraryTime = fc
  .tuple(
    fc.constantFrom(base, base, base, -40 * day),
    fc.constantFrom(5 * minute, hour, 12 * hour, day, 12 * day),
    fc.integer({ min: -9, max: 9 }),
    fc.constantFrom(-1, 0, 1, 1234),
  )
  .map(([from, step, n, beside]) => from + step * n + beside);

const value = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 6 });

export const arbitraryEvents: fc.Arbitrary<OracleEvent<number>[]> = fc
  .array(
    fc.record({
      time: arbitraryTime,
      item: value(fc.constantFrom('a', 'b', 'c', 'd', 'né', '12345', '𝒳')),
      n: value(fc.integer({ min: -5, max: 20 })),
      x: value(fc.double({ min: -1000, max: 1000, noNaN: true }).map(v => v + 0)),
      big: value(fc.bigInt({ min: -(2n ** 60n), max: 2n ** 60n }).map(v => v / 64n)),
      cents: value(fc.integer({ min: -99_999, max: 99_999 })),
      ok: value(fc.boolean()),
    }),
    { maxLength: 60, size: 'max' },
  )
  .map(list => list.map(({ time, ...fields }, id) => ({ time, id, fields })));

/** Past the newest event; most often so that some window begins at some event's time, or a millisecond beside it. */
export const arbitraryQuery: fc.Arbitrary<(random: RandomGroup, events: readonly OracleEvent[]) => number> =
  fc
    .tuple(fc.nat(), fc.nat(), fc.constantFrom(-1, 0, 1, 300_000, hour, day, 1), fc.boolean())
    .map(([e, f, beside, far]) => (random, events) => {
      const newest = events.reduce((max, event) => Math.max(max, event.time), -1e14);
      const event = events[e % Math.max(1, events.length)];
      const window = random.features[f % random.features.length]?.window;
      const atEdge =
        event === undefined || window === undefined || window === 'lifetime' ? newest : event.time + window;
      return Math.max(newest + 1, far ? atEdge + beside : newest + beside);
    });
