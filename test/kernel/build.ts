import type { Expression } from '../../lib/kernel/expression/nodes.ts';
import {
  compileGroup,
  type Flag,
  type GroupKernel,
  type GroupPlan,
  type Plan,
  type Position,
  type State,
  type StreamEvent,
  type StreamPlan,
  type Value,
  type ValueType,
} from '../../lib/kernel/index.ts';
import type { Finalizer, SlotPlan, Window } from '../../lib/kernel/plan.ts';

/** Small Plans and events for tests of one aggregator at a time. */

export const types = {
  id: { kind: 'string' },
  ts: { kind: 'timestamp' },
  n: { kind: 'int' },
  m: { kind: 'int' },
  x: { kind: 'float' },
  big: { kind: 'int64' },
  cents: { kind: 'decimal', scale: 2 },
  s: { kind: 'string' },
  ok: { kind: 'bool' },
} as const satisfies Record<string, ValueType>;
export type FieldName = keyof typeof types;

/** A field of the test stream. */
export const field = (name: FieldName): Expression => ({
  kind: 'field',
  source: 'event',
  name,
  type: types[name],
});

export function streamOf({ dedupe = true } = {}): StreamPlan {
  return {
    name: 's',
    schema: Object.entries(types).map(([name, type]) => ({
      name,
      type,
      ...(name === 'id' || name === 'ts' ? {} : { optional: true as const, nullable: true as const }),
    })),
    eventTime: 'ts',
    key: ['id'],
    ...(dedupe ? { dedupe: { by: 'id', withinMs: 3_600_000 } } : {}),
    since: 0,
  };
}

export interface Reading {
  readonly finalizer: Finalizer;
  readonly window?: Window;
  readonly options?: { q?: number; top?: number; sample?: true };
}

/** A group of one slot, read once for each of `readings`. */
export function groupOf(slot: Omit<SlotPlan, 'windows'>, readings: readonly Reading[]): GroupPlan {
  const windows = [...new Set(readings.map(r => r.window ?? 'lifetime'))].sort((a, b) =>
    a === 'lifetime' ? 1 : b === 'lifetime' ? -1 : a - b,
  );
  return {
    name: 'g',
    version: 1,
    entity: 'e',
    stream: 's',
    keys: ['id'],
    slots: [{ ...slot, windows }],
    features: readings.map(({ finalizer, window = 'lifetime', options }, i) => ({
      name: `f${i}`,
      type: { kind: 'float' },
      slot: 0,
      window,
      finalizer,
      ...(options === undefined ? {} : { options }),
    })),
    derived: [],
    fingerprint: '',
  };
}

export interface TestEvent {
  readonly time?: number;
  readonly id?: string;
  readonly position?: Position;
  readonly fields?: Partial<Record<FieldName, Value>>;
}

/** One slot under test: what a list of events amounts to, whole or in parts. */
export interface Bench {
  readonly kernel: GroupKernel;
  stateOf(events: Iterable<TestEvent>): State;
  update(state: State, event: TestEvent): boolean;
  /** Merges states into a new one, by way of their bytes. */
  join(states: readonly State[]): State;
  values(state: State, q?: number): readonly Value[];
  value(state: State, q?: number): Value;
  flag(state: State, q?: number): Flag | undefined;
}

export function benchOf(
  slot: Omit<SlotPlan, 'windows'>,
  readings: readonly Reading[] = [{ finalizer: 'value' }],
  { dedupe = true } = {},
): Bench {
  const stream = streamOf({ dedupe });
  const plan: Pick<Plan, 'streams'> = { streams: [stream] };
  const kernel = compileGroup(plan, groupOf(slot, readings));
  const names = stream.schema.map(f => f.name as FieldName);
  const eventOf = ({ time = 1000, id = 'id', position, fields = {} }: TestEvent): StreamEvent => ({
    values: names.map(name => (name === 'id' ? id : name === 'ts' ? time : (fields[name] ?? null))),
    time,
    arrivalTime: time,
    tie: position ?? id,
    unknownFields: 0,
  });
  const bench: Bench = {
    kernel,
    stateOf(events) {
      const state = kernel.createState();
      for (const event of events) kernel.update(state, eventOf(event));
      return state;
    },
    update: (state, event) => kernel.update(state, eventOf(event)),
    join(states) {
      const whole = kernel.createState();
      for (const state of states) kernel.merge(whole, kernel.decode(kernel.encode(state)));
      return whole;
    },
    values: (state, q = state.newest + 1) => kernel.finalize(state, Number.isFinite(q) ? q : 0).values,
    value: (state, q) => bench.values(state, q)[0] as Value,
    flag: (state, q = state.newest + 1) => kernel.finalize(state, Number.isFinite(q) ? q : 0).flags[0],
  };
  return bench;
}

/** The list in a random order that `seed` decides. */
export function shuffled<T>(list: readonly T[], seed: number): T[] {
  const random = randomOf(seed);
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let a = seed | 0;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
