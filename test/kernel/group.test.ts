import { describe, expect, it, test } from 'vitest';
import {
  compileGroup,
  ExpressionError,
  type FunctionRegistry,
  type GroupPlan,
  PastQueryError,
  type StreamEvent,
  type Value,
  type ValueType,
} from '../../lib/kernel/index.ts';
import type { FeaturePlan, SlotPlan } from '../../lib/kernel/plan.ts';
import { benchOf, field, groupOf, streamOf } from './build.ts';

const hour = 3_600_000;

describe('an event', () => {
  const filtered = benchOf({ aggregator: 'count', where: field('ok') });

  it('counts where the filter is true: not false, not null', () => {
    const events = [true, false, null].map((ok, i) => ({ id: String(i), fields: { ok } }));
    expect(filtered.value(filtered.stateOf(events))).toBe(1);
  });

  it('that no slot takes leaves the row as it was, its newest time too', () => {
    const state = filtered.stateOf([{ time: 1000, fields: { ok: true } }]);
    const before = filtered.kernel.encode(state);
    expect(filtered.update(state, { time: 9000, fields: { ok: false } })).toBe(false);
    expect(filtered.update(state, { time: 9000, fields: { ok: null } })).toBe(false);
    expect(filtered.kernel.encode(state)).toEqual(before);
    expect(filtered.update(state, { time: 9000, fields: { ok: true } })).toBe(true);
    expect(filtered.kernel.encode(state)).not.toEqual(before);
  });

  it('is taken, says the kernel beforehand, by the same rule', () => {
    const { kernel } = benchOf({ aggregator: 'sum', input: field('n'), where: field('ok') });
    const eventOf = (n: number | null, ok: boolean | null): StreamEvent => ({
      values: streamOf().schema.map(f =>
        f.name === 'n' ? n : f.name === 'ok' ? ok : f.name === 'ts' ? 1 : null,
      ),
      time: 1,
      arrivalTime: 1,
      tie: 'i',
      unknownFields: 0,
    });
    for (const n of [1, null]) {
      for (const ok of [true, false, null]) {
        const event = eventOf(n, ok);
        expect(kernel.takes(event)).toBe(n === 1 && ok === true);
        expect(kernel.update(kernel.createState(), event)).toBe(kernel.takes(event));
      }
    }
  });

  it('older than every window changes no value, and makes no row larger', () => {
    const bench = benchOf({ aggregator: 'count' }, [{ finalizer: 'value', window: hour }]);
    const state = bench.stateOf([{ time: 100 * hour }]);
    const before = bench.kernel.encode(state);
    bench.update(state, { time: 10 * hour });
    expect(bench.value(state)).toBe(1);
    expect(bench.kernel.encode(state)).toEqual(before);
  });
});

describe('the earliest visible time', () => {
  it('is where the longest window begins', () => {
    const q = Date.UTC(2024, 0, 31, 12, 34);
    const windows = (...list: (number | 'lifetime')[]) =>
      benchOf(
        { aggregator: 'count' },
        list.map(window => ({ finalizer: 'value', window })),
      ).kernel;
    expect(windows(hour).earliestVisible(q)).toBe(Date.UTC(2024, 0, 31, 11, 30));
    expect(windows(hour, 30 * 24 * hour).earliestVisible(q)).toBe(Date.UTC(2024, 0, 1));
    expect(windows(hour, 'lifetime').earliestVisible(q)).toBe(Number.NEGATIVE_INFINITY);
  });
});

describe('values', () => {
  it('cannot be asked for a time that is not past the newest event', () => {
    const bench = benchOf({ aggregator: 'count' });
    const state = bench.stateOf([{ time: 5000 }]);
    expect(() => bench.value(state, 5000)).toThrow(PastQueryError);
    expect(() => bench.value(state, 4000)).toThrow(/group g: query time 4000.*newest event, 5000.*archive/);
    expect(bench.value(state, 5001)).toBe(1);
  });

  it('of an unknown entity are those of a row whose events have all left the window', () => {
    const aggregators: Omit<SlotPlan, 'windows'>[] = [
      { aggregator: 'count' },
      { aggregator: 'sum', input: field('x') },
      { aggregator: 'min', input: field('s') },
      { aggregator: 'last', input: field('s') },
      { aggregator: 'lastK', input: field('s'), options: { k: 3 } },
      { aggregator: 'distinct', input: field('s') },
      { aggregator: 'decayed', options: { halfLifeMs: hour } },
      { aggregator: 'count', by: { key: field('s'), limit: 5 } },
      { aggregator: 'histogram', input: field('s') },
    ];
    const empty = [0, null, null, null, [], [], 0, new Map(), new Map()];
    for (const [i, slot] of aggregators.entries()) {
      const finalizer = slot.aggregator === 'histogram' ? 'top' : 'value';
      const bench = benchOf(slot, [{ finalizer, window: hour }]);
      const state = bench.stateOf([{ time: 5 * hour, fields: { x: 1, s: 'a' } }]);
      expect(bench.value(state, 50 * hour), slot.aggregator).toEqual(empty[i]);
      expect(bench.kernel.finalize(null, 50 * hour).values[0], slot.aggregator).toEqual(empty[i]);
    }
  });

  test.each<[ValueType, FeaturePlan['default'], Value]>([
    [{ kind: 'int' }, 5, 5],
    [{ kind: 'float' }, -0, 0],
    [{ kind: 'int64' }, '9007199254740993', 9007199254740993n],
    [{ kind: 'decimal', scale: 2 }, 0.29, 29],
    [{ kind: 'string' }, 'none', 'none'],
    [{ kind: 'bool' }, false, false],
  ])('of type %o default to %s instead of null', (type, declared, wanted) => {
    const plain = groupOf({ aggregator: 'last', input: field('n') }, [{ finalizer: 'value' }]);
    const feature = {
      ...(plain.features[0] as FeaturePlan),
      type,
      ...(declared === undefined ? {} : { default: declared }),
    };
    const kernel = compileGroup({ streams: [streamOf()] }, { ...plain, features: [feature] });
    expect(kernel.finalize(null, 0).values).toEqual([wanted]);
  });
});

describe('a group that does not fit its Plan', () => {
  const group: GroupPlan = groupOf({ aggregator: 'count' }, [{ finalizer: 'value' }]);
  const compile = (changed: Partial<GroupPlan>, functions?: FunctionRegistry) =>
    compileGroup({ streams: [streamOf()] }, { ...group, ...changed }, functions);

  it('is refused: unknown streams, fields and functions', () => {
    expect(() => compile({ stream: 'other' })).toThrow(/group g: the Plan has no stream other/);
    const unknown = { kind: 'field', source: 'event', name: 'price', type: { kind: 'int' } } as const;
    const slotOf = (input: SlotPlan['input'] & object): SlotPlan => ({
      aggregator: 'sum',
      input,
      windows: ['lifetime'],
    });
    expect(() => compile({ slots: [slotOf(unknown)] })).toThrow(/no event field 'price'/);
    expect(() => compile({ slots: [slotOf({ ...unknown, source: 'feature', name: 'n' })] })).toThrow(
      ExpressionError,
    );
    const call = {
      kind: 'call',
      type: { kind: 'int' },
      name: 'f',
      version: 1,
      arguments: [field('n')],
    } as const;
    expect(() => compile({ slots: [slotOf(call)] })).toThrow(/no function 'f'/);
    expect(
      compile({ slots: [slotOf(call)] }, new Map([['f', (n: number) => n + 1]]) as FunctionRegistry).features,
    ).toEqual(['f0']);
  });
});
