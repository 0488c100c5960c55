import { describe, expect, test } from 'vitest';
import type { ExpressionOf } from '../../lib/define/expression/expressions.ts';
import { scope } from '../../lib/define/field.ts';
import {
  and,
  bool,
  DefinitionError,
  decimal,
  defineFunction,
  float,
  int,
  int64,
  list,
  literal,
  not,
  oneOf,
  or,
  record,
  stream,
  string,
  struct,
  timestamp,
  when,
} from '../../lib/define/index.ts';
import type { EventFields } from '../../lib/define/stream.ts';
import { compileExpression, fromExternal, toExternal } from '../../lib/kernel/index.ts';
import { formatType } from '../../lib/kernel/value-type.ts';

const events = stream('events', {
  schema: {
    id: string(),
    name: string(),
    kind: oneOf('a', 'b').unlisted({ as: 'other' }),
    n: int(),
    big: int64(),
    x: float(),
    price: decimal(2),
    rate: decimal(4),
    flag: bool(),
    ts: timestamp(),
    tags: list(oneOf('red', 'blue')),
    nested: struct({ os: oneOf('ios', 'android'), more: struct({ depth: int() }) }),
  },
  eventTime: 'ts',
  key: 'id',
});
const e = scope('event', events.plan.schema, 'stream events') as EventFields<typeof events.schema>;

const event = {
  id: 'u1',
  name: 'Anna Bell',
  kind: 'a',
  n: 7,
  big: 9_007_199_254_740_993n,
  x: 0.5,
  price: 12.34,
  rate: 0.0125,
  flag: true,
  ts: Date.UTC(2011, 11, 9, 12, 50),
  tags: ['red', 'blue'],
  nested: { os: 'ios', more: { depth: 3 } },
};

/** The expression's type and its value on `event` (or one with these fields changed), in external form. */
function evaluate(expression: ExpressionOf, changed: Record<string, unknown> = {}) {
  const given: Record<string, unknown> = { ...event, ...changed };
  const row = Object.fromEntries(
    events.plan.schema.map(field => [field.name, fromExternal(given[field.name], field.type) ?? null]),
  );
  const value = compileExpression(expression.node)(row);
  return [formatType(expression.node.type), toExternal(value, expression.node.type)];
}

describe('types and values', () => {
  test.each<[string, ExpressionOf, string, unknown]>([
    // Numbers meet in the wider type.
    ['int + int', e.n.add(3), 'int', 10],
    ['int + fraction', e.n.add(0.5), 'float', 7.5],
    ['int + float', e.n.add(e.x), 'float', 7.5],
    ['int + int64', e.n.add(e.big), 'int64', 9_007_199_254_741_000n],
    ['int64 + bigint', e.big.add(1n), 'int64', 9_007_199_254_740_994n],
    ['int − decimal', e.n.sub(e.price), 'decimal(2)', -5.34],
    ['decimal + constant', e.price.add(0.66), 'decimal(2)', 13],
    ['decimal + finer constant', e.price.add(0.005), 'decimal(3)', 12.345],
    ['decimal + finer decimal', e.price.add(e.rate), 'decimal(4)', 12.3525],
    ['decimal × int', e.price.mul(e.n), 'decimal(2)', 86.38],
    ['int × decimal', e.n.mul(e.price), 'decimal(2)', 86.38],
    ['decimal × decimal', e.price.mul(e.rate), 'decimal(6)', 0.15425],
    ['decimal × constant', e.price.mul(0.5), 'decimal(3)', 6.17],
    ['decimal × float', e.price.mul(e.x), 'float', 6.17],
    ['int / int', e.n.div(2), 'float', 3.5],
    ['decimal / decimal', e.price.div(e.price), 'float', 1],
    ['anything / 0', e.n.div(0), 'float', null],
    ['remainder', e.n.neg().mod(4), 'int', -3],
    // Comparisons.
    ['int > fraction', e.n.gt(6.5), 'bool', true],
    ['decimal = constant', e.price.eq(12.34), 'bool', true],
    ['decimal < finer constant', e.price.lt(12.345), 'bool', true],
    ['decimal ≥ int', e.price.ge(e.n), 'bool', true],
    ['int64 = int', e.big.eq(e.n), 'bool', false],
    ['in numbers', e.n.in([1, 7]), 'bool', true],
    ['in decimals', e.price.in([1, 12.34]), 'bool', true],
    ['in bigints', e.big.in([9_007_199_254_740_993n]), 'bool', true],
    ['in strings', e.kind.in(['a', 'other']), 'bool', true],
    ['string order', e.name.lt('B'), 'bool', true],
    ['time order', e.ts.lt('2011-12-09T12:50:00.001Z'), 'bool', true],
    ['time order by day', e.ts.ge('2011-12-09'), 'bool', true],
    ['bool = constant', e.flag.eq(false), 'bool', false],
    // Connectives.
    ['and', and(e.flag, e.n.gt(1), e.n.lt(8)), 'bool', true],
    ['or', or(e.flag.not(), e.n.eq(8)), 'bool', false],
    ['not', not(e.flag), 'bool', false],
    ['methods of the same', e.flag.and(e.n.gt(1)).or(e.flag), 'bool', true],
    // Strings.
    ['lower', e.name.lower(), 'string', 'anna bell'],
    ['length', e.name.length(), 'int', 9],
    ['contains', e.name.contains('na B'), 'bool', true],
    ['starts with a field', e.name.startsWith(e.id), 'bool', false],
    ['split', e.name.splitElement(' ', -1), 'string', 'Bell'],
    ['pattern', e.name.matches(/^\p{Lu}/u), 'bool', true],
    ['pattern as text', e.name.matches('ell$'), 'bool', true],
    // Times, in UTC.
    ['hour', e.ts.part('hour'), 'int', 12],
    ['weekday', e.ts.part('dayOfWeek'), 'int', 5],
    ['day', e.ts.truncate('day'), 'timestamp', Date.UTC(2011, 11, 9)],
    // Lists and structs.
    ['list length', e.tags.length(), 'int', 2],
    ['list contains', e.tags.contains('blue'), 'bool', true],
    ['field of a record', record({ twice: e.n.mul(2) }).get('twice'), 'int', 14],
    ['record', record({ id: e.id, n: e.n }), 'struct<id: string, n: int>', { id: 'u1', n: 7 }],
    // Choices.
    ['when', when(e.n.gt(5), e.name, 'few'), 'string', 'Anna Bell'],
    ['when, widened', when(e.n.gt(9), e.n, 0.5), 'float', 0.5],
    ['when, null', when(e.n.gt(9), e.price, null), 'decimal(2)', null],
    ['when of constants', when(e.flag, 1, 0), 'int', 1],
    ['coalesce', e.n.coalesce(e.x), 'float', 7],
    // Casts.
    ['to float', e.price.toFloat(), 'float', 12.34],
    ['to int', e.price.toInt(), 'int', 12],
    ['to decimal', e.n.toDecimal(2), 'decimal(2)', 7],
    ['to text', e.price.toText(), 'string', '12.34'],
    ['to time', e.n.toTimestamp(), 'timestamp', 7],
    ['text to int', literal('12').toInt(), 'int', 12],
    ['bool to int', e.flag.toInt(), 'int', 1],
    ['constants', literal(-0), 'int', 0],
  ])('%s', (_, expression, type, value) => {
    expect(evaluate(expression)).toEqual([type, value]);
  });

  test('null propagates but in isNull and coalesce', () => {
    expect(evaluate(e.n.add(1), { n: null })).toEqual(['int', null]);
    expect(evaluate(e.n.isNull(), { n: null })).toEqual(['bool', true]);
    expect(evaluate(e.n.isNotNull(), { n: null })).toEqual(['bool', false]);
    expect(evaluate(e.n.coalesce(e.x.toInt(), 9), { n: null, x: null })).toEqual(['int', 9]);
  });

  test('hash buckets lie within their number', () => {
    const [type, bucket] = evaluate(e.name.hashBucket(10));
    expect(type).toBe('int');
    expect(bucket).toBeGreaterThanOrEqual(0);
    expect(bucket).toBeLessThan(10);
  });
});

describe('nodes', () => {
  test('are plain data, frozen through and through', () => {
    const { node } = e.price
      .mul(2)
      .gt(e.n)
      .and(e.kind.in(['a', 'b']));
    const check = (part: unknown): void => {
      if (typeof part !== 'object' || part === null) return;
      expect(Object.isFrozen(part)).toBe(true);
      Object.values(part).forEach(check);
    };
    check(node);
    expect(JSON.parse(JSON.stringify(node))).toEqual(node);
  });

  test('of fields within structs carry the path and the type at its end', () => {
    expect(e.nested.get('more').get('depth').node).toEqual({
      kind: 'field',
      source: 'event',
      name: 'nested',
      path: ['more', 'depth'],
      type: { kind: 'int' },
    });
  });

  test('of nested connectives and coalesces are flat', () => {
    const { node } = and(e.flag, and(e.flag, e.n.gt(1)));
    expect(node.kind === 'and' && node.operands).toHaveLength(3);
    const first = e.n.coalesce(1).coalesce(2).node;
    expect(first.kind === 'coalesce' && first.values).toHaveLength(3);
  });

  test('can be built on after they were described', () => {
    const { node } = e.n.describe('A number.').add(1).tag('x');
    expect(node.kind).toBe('arithmetic');
    expect(() => e.kind.describe('A kind.').eq('c' as never)).toThrow(/kind is never "c"/);
  });

  test('hold int64 constants as text and decimals scaled', () => {
    expect(e.big.eq(2n ** 63n - 1n).node).toMatchObject({ right: { value: '9223372036854775807' } });
    expect(e.price.eq(0.29).node).toMatchObject({ right: { value: 29, type: { scale: 2 } } });
    expect(e.price.eq(1e-7).node).toMatchObject({ right: { value: 1, type: { scale: 7 } } });
  });
});

describe('functions', () => {
  const initials = defineFunction(
    'initials',
    { version: 1, parameters: [string(), int()], returns: string() },
    (name, length) => name.slice(0, length),
  );

  test('are called with casts where numbers differ, and computed by the kernel', () => {
    const call = initials(e.name, 2);
    expect(call.node).toMatchObject({ kind: 'call', name: 'initials', version: 1 });
    const functions = new Map([['initials', (name: string, length: number) => name.slice(0, length)]]);
    expect(compileExpression(call.node, { functions })({ name: 'Anna' })).toBe('An');
  });

  test('refuse wrong arguments', () => {
    expect(() => initials(e.n as never, 2)).toThrow(/function initials: argument 1 is a int, not a string/);
    expect(() => (initials as unknown as (x: unknown) => void)(e.name)).toThrow(/takes 2 arguments; got 1/);
  });
});

// What TypeScript refuses too, reached through never.
describe('refused at run time', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['string with number', () => e.name.eq(5 as never), /name: 5 is not a value of string/],
    ['int with string', () => e.n.gt(e.name as never), /n is a int and name a string; cast one/],
    ['unlisted value', () => e.kind.eq('c' as never), /kind is never "c"; its values are "a", "b", "other"/],
    ['unlisted value in a list', () => e.kind.in(['a', 'c' as never]), /kind is never "c"/],
    ['NaN', () => e.x.gt(Number.NaN), /x: NaN is not a value of float: write a finite number/],
    ['infinity', () => e.n.add(Number.POSITIVE_INFINITY), /Infinity is not a value of int/],
    ['an unsafe integer', () => e.n.eq(2 ** 53), /rounded; use int64 and a bigint/],
    ['a number for an int64', () => e.big.eq(5 as never), /write a bigint, such as 5n/],
    ['past 64 bits', () => e.big.eq(2n ** 63n), /64 bits/],
    ['a fraction in a list of ints', () => e.n.in([0.5]), /n is a int; it is never 0.5/],
    ['a finer decimal in a list', () => e.price.in([0.001]), /price is a decimal\(2\); it is never 0.001/],
    ['null', () => e.n.eq(null as never), /use isNull\(\)/],
    [
      'a misspelled field',
      () => (e as never as { nmae: typeof e.n }).nmae.eq(1),
      /stream events has no field "nmae"; it has id, name,/,
    ],
    ['undefined', () => e.n.eq(undefined as never), /undefined; is the field or feature misspelled/],
    ['no time', () => e.ts.gt('yesterday'), /ts: "yesterday" is not a value of timestamp/],
    ['no day', () => e.ts.gt('2011-02-30'), /not a value of timestamp/],
    ['half a surrogate pair', () => e.name.eq('\ud800'), /surrogate/],
    ['an unknown part', () => e.ts.part('fortnight' as never), /no date part "fortnight"; there are year/],
    ['a flag on a pattern', () => e.name.matches(/a/i), /no flag but u/],
    ['no pattern', () => e.name.matches('('), /is no pattern/],
    ['too many digits', () => e.rate.mul(e.rate).mul(e.rate).mul(e.rate), /16 digits after the point/],
    ['an empty list', () => e.n.in([]), /at least one constant/],
    ['a condition that is none', () => when(e.n as never, 1, 2), /needs a condition/],
    ['a branch of another type', () => when(e.flag, e.n, 'x' as never), /not a value of int/],
    ['no buckets', () => e.name.hashBucket(0), /hashBucket/],
    [
      'too many digits in a constant',
      () => e.price.mul(1 / 3),
      /more digits after the point than decimals have; use toFloat/,
    ],
    [
      'an unlisted value in a struct',
      () => e.nested.get('os').eq('os/2' as never),
      /nested.os is never "os\/2"; its values are "ios", "android"/,
    ],
    ['an unlisted value sought in a list', () => e.tags.contains('blue ' as never), /tags is never "blue "/],
    ['a field of no struct', () => e.nested.get('io' as never), /nested has no field "io"; it has os, more/],
    ['a record with a bad name', () => record({ 'a b': e.n }), /'a b' cannot name/],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(DefinitionError);
    expect(build).toThrow(message);
  });
});
