import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AggregatorKind, Position, Value } from '../../../lib/kernel/index.ts';
import { type Bench, benchOf, type FieldName, field, shuffled, type TestEvent } from '../build.ts';

const at = (time: number, id: string, n: number, m?: number): TestEvent => ({
  time,
  id,
  fields: { n, ...(m === undefined ? {} : { m }) },
});

/** The value however the events are ordered, split and merged. */
function settled(bench: Bench, events: readonly TestEvent[]): Value {
  const value = bench.value(bench.stateOf(events));
  for (const seed of [1, 2, 3, 4]) {
    const mixed = shuffled(events, seed);
    expect(bench.value(bench.stateOf(mixed))).toEqual(value);
    const parts = [mixed.filter((_, i) => i % 2 === 0), mixed.filter((_, i) => i % 2 === 1)];
    expect(bench.value(bench.join(parts.map(bench.stateOf)))).toEqual(value);
    const one = bench.join(mixed.map(e => bench.stateOf([e])));
    expect(bench.value(one)).toEqual(value);
  }
  return value;
}
const of = (aggregator: AggregatorKind, k = 1, orderBy?: FieldName, dedupe = true): Bench =>
  benchOf(
    {
      aggregator,
      input: field('n'),
      options: { k },
      ...(orderBy === undefined ? {} : { orderBy: field(orderBy) }),
    },
    undefined,
    { dedupe },
  );

describe('first, last, firstK and lastK', () => {
  it('go by time, whatever the order of arrival', () => {
    const events = [at(30, 'c', 3), at(10, 'a', 1), at(40, 'd', 4), at(20, 'b', 2)];
    expect(settled(of('first'), events)).toBe(1);
    expect(settled(of('last'), events)).toBe(4);
    expect(settled(of('firstK', 3), events)).toEqual([1, 2, 3]);
    expect(settled(of('lastK', 3), events)).toEqual([4, 3, 2]);
    expect(settled(of('lastK', 9), events)).toEqual([4, 3, 2, 1]);
  });

  it('of one time go by id, as its bytes are ordered', () => {
    const ids = ['9', '10', 'b', 'a', '\ufffd', '😀'];
    const events = ids.map((id, i) => at(10, id, i));
    // '10' < '9' < 'a' < 'b' < U+FFFD < U+1F600
    expect(settled(of('firstK', 10), events)).toEqual([1, 0, 3, 2, 4, 5]);
    expect(settled(of('lastK', 3), events)).toEqual([5, 4, 2]);
    expect(settled(of('first'), events)).toBe(1);
    expect(settled(of('last'), events)).toBe(5);
  });

  it('of one time go by position where events have no ids', () => {
    const kinesis = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;
    const positions: Position[] = [
      { shard: 'shardId-000000000000', sequence: kinesis, index: 0 },
      { shard: 'shardId-000000000000', sequence: kinesis, index: 1 },
      { shard: 'shardId-000000000000', sequence: kinesis + 1n, index: 0 },
      { shard: 'shardId-000000000001', sequence: 5, index: 0 },
      { shard: 'shardId-000000000001', sequence: 6n, index: 0 },
      { shard: 'shardId-000000000001', sequence: 10, index: 3 },
      { shard: 'shardId-000000000001', sequence: 10, index: 10 },
    ];
    const events = positions.map((position, i) => ({ ...at(10, 'same', i), position }));
    expect(settled(of('firstK', 10, undefined, false), events)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(settled(of('lastK', 2, undefined, false), events)).toEqual([6, 5]);
    expect(settled(of('first', 1, undefined, false), events)).toBe(0);
    expect(settled(of('last', 1, undefined, false), events)).toBe(6);
    const ranked = events.map(e => ({ ...e, fields: { ...e.fields, m: 1 } }));
    expect(settled(of('topK', 2, 'm', false), ranked)).toEqual([6, 5]);
  });

  it('skip nulls', () => {
    const events = [{ ...at(40, 'd', 4), fields: { n: null } }, at(10, 'a', 1)];
    expect(settled(of('last'), events)).toBe(1);
    expect(settled(of('lastK', 2), events)).toEqual([1]);
  });

  it('of nothing are null and empty', () => {
    expect(settled(of('first'), [])).toBeNull();
    expect(settled(of('last'), [])).toBeNull();
    expect(settled(of('firstK', 2), [])).toEqual([]);
    expect(settled(of('lastK', 2), [])).toEqual([]);
  });

  it('keep structs and their nulls', () => {
    const type = {
      kind: 'struct',
      fields: [
        { name: 's', type: { kind: 'string' } },
        { name: 'n', type: { kind: 'int' } },
      ],
    } as const;
    const input = {
      kind: 'struct',
      type,
      fields: [
        { name: 's', value: field('s') },
        { name: 'n', value: field('n') },
      ],
    } as const;
    const bench = benchOf({ aggregator: 'lastK', input, options: { k: 2 } });
    const events = [
      { time: 1, id: 'a', fields: { s: 'x', n: 1 } },
      { time: 2, id: 'b', fields: { s: null, n: 2 } },
    ];
    expect(settled(bench, events)).toEqual([
      [null, 2],
      ['x', 1],
    ]);
  });

  it('hold the last k however many came between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 50 }), { maxLength: 60, size: 'max' }),
        fc.integer({ min: 1, max: 7 }),
        (times, k) => {
          const events = times.map((time, i) => at(time, String(i).padStart(3, '0'), i));
          const order = [...events.keys()].sort((a, b) => times[a]! - times[b]! || a - b);
          expect(of('lastK', k).value(of('lastK', k).stateOf(events))).toEqual(order.slice(-k).reverse());
          expect(of('firstK', k).value(of('firstK', k).stateOf(events))).toEqual(order.slice(0, k));
        },
      ),
    );
  });
});

describe('topK and bottomK', () => {
  const events = [
    at(10, 'a', 1, 5),
    at(20, 'b', 2, 7),
    at(30, 'c', 3, 5),
    at(30, 'd', 4, 5),
    at(5, 'e', 5, 1),
  ];

  it('rank by another expression; of equal ranks the later event goes first, then the greater id', () => {
    expect(settled(of('topK', 4, 'm'), events)).toEqual([2, 4, 3, 1]);
    expect(settled(of('topK', 2, 'm'), events)).toEqual([2, 4]);
    expect(settled(of('bottomK', 3, 'm'), events)).toEqual([5, 4, 3]);
    expect(settled(of('topK', 99, 'm'), events)).toEqual([2, 4, 3, 1, 5]);
  });

  it('rank values by themselves, repeated ones as often as they occur', () => {
    const values = [3, 1, 3, 2].map((n, i) => at(10 + i, String(i), n));
    expect(settled(of('topK', 3), values)).toEqual([3, 3, 2]);
    expect(settled(of('bottomK', 3), values)).toEqual([1, 2, 3]);
  });

  it('rank strings by code point and int64s exactly', () => {
    const strings = benchOf({ aggregator: 'topK', input: field('s'), options: { k: 3 } });
    const texts = ['z', '\ufffd', '😀', 'a'].map((s, i) => ({ id: String(i), fields: { s } }));
    expect(settled(strings, texts)).toEqual(['😀', '\ufffd', 'z']);
    const bigs = benchOf({ aggregator: 'bottomK', input: field('big'), options: { k: 2 } });
    const wide = [9007199254740993n, 9007199254740992n, -1n].map((big, i) => ({
      id: String(i),
      fields: { big },
    }));
    expect(settled(bigs, wide)).toEqual([-1n, 9007199254740992n]);
  });

  it('skip events whose value or rank is null', () => {
    const list = [at(1, 'a', 1), { ...at(2, 'b', 0, 9), fields: { n: null, m: 9 } }, at(3, 'c', 3, 2)];
    expect(settled(of('topK', 5, 'm'), list)).toEqual([3]);
  });
});

describe('min and max', () => {
  it.each<[FieldName, Value[], Value, Value]>([
    ['n', [5, -3, 0], -3, 5],
    [
      'n',
      [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
      -Number.MAX_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    ],
    ['x', [0.5, -1e300, 1e300], -1e300, 1e300],
    ['cents', [5, -5], -5, 5],
    ['big', [9007199254740993n, 9007199254740992n], 9007199254740992n, 9007199254740993n],
    ['s', ['b', 'a', '\ufffd', '😀'], 'a', '😀'],
    ['s', [''], '', ''],
    ['x', [0], 0, 0],
    ['n', [], null, null],
    ['s', [null], null, null],
    ['big', [0n], 0n, 0n],
  ])('of %s %o are %s and %s', (name, values, least, most) => {
    const events = values.map((value, i) => ({ id: String(i), fields: { [name]: value } }));
    expect(settled(benchOf({ aggregator: 'min', input: field(name) }), events)).toBe(least);
    expect(settled(benchOf({ aggregator: 'max', input: field(name) }), events)).toBe(most);
  });
});
