import { describe, expect, it, test } from 'vitest';
import { compileDecoder, isRejection, type StreamEvent } from '../../lib/kernel/event.ts';
import type { FieldPlan, StreamPlan } from '../../lib/kernel/plan.ts';
import type { Value } from '../../lib/kernel/value-type.ts';

const since = Date.UTC(2000, 0, 1);
const arrival = Date.UTC(2024, 0, 1);
const position = { shard: 'shard-0', sequence: 7, index: 0 };

function streamOf(fields: readonly FieldPlan[], more: Partial<StreamPlan> = {}): StreamPlan {
  return {
    name: 's',
    schema: [
      { name: 'user', type: { kind: 'string' } },
      { name: 'ts', type: { kind: 'timestamp' } },
      ...fields,
    ],
    eventTime: 'ts',
    key: ['user'],
    since,
    ...more,
  };
}

/** Decodes JSON text, as it would arrive. */
const decodeText = (stream: StreamPlan, text: string, arrivalTime = arrival) =>
  compileDecoder(stream)(JSON.parse(text), arrivalTime, position);

/** The value of a field `f` with this JSON, or the detail of its rejection. */
function read(field: Omit<FieldPlan, 'name'>, json: string | undefined): Value | { readonly detail: string } {
  const stream = streamOf([{ name: 'f', ...field }]);
  const member = json === undefined ? '' : `, "f": ${json}`;
  const decoded = decodeText(stream, `{ "user": "u", "ts": ${arrival}${member} }`);
  if (!isRejection(decoded)) return decoded.values[2] as Value;
  expect(decoded.rejected).toBe('schema');
  return { detail: decoded.detail };
}

const string = { type: { kind: 'string' } } as const;
const bool = { type: { kind: 'bool' } } as const;
const int = { type: { kind: 'int' } } as const;
const int64 = { type: { kind: 'int64' } } as const;
const float = { type: { kind: 'float' } } as const;
const cents = { type: { kind: 'decimal', scale: 2 } } as const;
const timestamp = { type: { kind: 'timestamp' } } as const;
const listOf = (element: Omit<FieldPlan, 'name'>): Omit<FieldPlan, 'name'> => ({
  type: { kind: 'list', of: element.type },
  element: { name: '', ...element },
});
const structOf = (...fields: FieldPlan[]): Omit<FieldPlan, 'name'> => ({
  type: { kind: 'struct', fields: fields.map(({ name, type }) => ({ name, type })) },
  fields,
});

const text = (n: number, c = 'x'): string => JSON.stringify(c.repeat(n));
const colour = (unlisted: 'reject' | 'null' | { as: string }): Omit<FieldPlan, 'name'> => ({
  type: { kind: 'string' },
  oneOf: { values: ['red', 'green'], unlisted },
});
const item = structOf({ name: 'id', ...string }, { name: 'price', ...cents, optional: true, nullable: true });

describe('accepted', () => {
  test.each<[string, Omit<FieldPlan, 'name'>, string | undefined, Value]>([
    ['string', string, '"né 😀"', 'né 😀'],
    ['string', string, '""', ''],
    ['string', string, text(65_536), 'x'.repeat(65_536)],
    ['string', string, '"\\u0000\\ud83d\\ude00"', '\u0000😀'],
    ['bool', bool, 'true', true],
    ['bool', bool, 'false', false],
    ['int', int, '-5', -5],
    ['int', int, '5.0', 5],
    ['int', int, '1e3', 1000],
    ['int', int, '-0', 0],
    ['int', int, '9007199254740991', 9007199254740991],
    ['int64', int64, '"7301234567890123456"', 7301234567890123456n],
    ['int64', int64, '"-9223372036854775808"', -9223372036854775808n],
    ['int64', int64, '9007199254740991', 9007199254740991n],
    ['int64', int64, '"007"', 7n],
    ['int64', int64, '-0', 0n],
    ['float', float, '0.1', 0.1],
    ['float', float, '-0.0', 0],
    ['float', float, '1e-999', 0],
    ['float', float, '7301234567890123456', 7.301234567890124e18],
    ['decimal', cents, '0.29', 29],
    ['decimal', cents, '19.9', 1990],
    ['decimal', cents, '"19.90"', 1990],
    ['decimal', cents, '"-0.00"', 0],
    ['decimal', cents, '-0', 0],
    ['decimal', cents, '"90071992547409.91"', 9007199254740991],
    ['timestamp', timestamp, '"2011-12-09T12:50:00Z"', Date.UTC(2011, 11, 9, 12, 50)],
    ['timestamp', timestamp, '-1', -1],
    ['timestamp', timestamp, '8640000000000000', 8.64e15],
    ['listed', colour('reject'), '"red"', 'red'],
    ['unlisted as null', colour('null'), '"blue"', null],
    ['unlisted as another', colour({ as: 'other' }), '"blue"', 'other'],
    ['unlisted, empty', colour({ as: 'other' }), '""', 'other'],
    ['unlisted, too long to be listed', colour('null'), text(70_000), null],
    ['optional', { ...int, optional: true }, undefined, null],
    ['nullable', { ...int, nullable: true }, 'null', null],
    ['list', listOf(int), '[1, -0, 3]', [1, 0, 3]],
    ['empty list', listOf(int), '[]', []],
    ['list of nullables', listOf({ ...string, nullable: true }), '["a", null]', ['a', null]],
    ['list of lists', listOf(listOf(bool)), '[[true], []]', [[true], []]],
    ['list of oneOf', listOf({ ...colour({ as: 'other' }) }), '["red", "blue"]', ['red', 'other']],
    ['struct', item, '{ "price": 1.5, "id": "i", "more": 1 }', ['i', 150]],
    ['struct without its optional member', item, '{ "id": "i" }', ['i', null]],
    ['struct with a null member', item, '{ "id": "i", "price": null }', ['i', null]],
    [
      'list of structs',
      listOf(item),
      '[{ "id": "i" }, { "id": "j", "price": 2 }]',
      [
        ['i', null],
        ['j', 200],
      ],
    ],
    ['struct of a struct', structOf({ name: 'item', ...item }), '{ "item": { "id": "i" } }', [['i', null]]],
  ])('%s: %o from %s', (_, field, json, wanted) => {
    expect(read(field, json)).toStrictEqual(wanted);
  });
});

describe('rejected, with what was expected and what was there', () => {
  const ofString = 'string (well-formed, at most 65536 characters)';
  const ofInt = 'int (a whole number within ±(2^53 − 1))';
  const ofInt64 = 'int64 (a string of digits, or a number within ±(2^53 − 1))';
  const ofCents = 'decimal(2) (a number or string with at most 2 decimals)';
  const ofTimestamp = 'timestamp (ISO 8601, or epoch milliseconds)';

  test.each<[Omit<FieldPlan, 'name'>, string, string, string]>([
    [string, '5', ofString, '5'],
    [string, 'true', ofString, 'true'],
    [string, '{}', ofString, 'an object'],
    [string, '["a", "b"]', ofString, 'a list of 2'],
    [string, '"a\\ud800"', ofString, '"a\\ud800"'],
    [string, '"\\ude00\\ud83d"', ofString, '"\\ude00\\ud83d"'],
    [string, text(70_000), ofString, 'a string of 70000 characters'],
    [bool, '1', 'bool', '1'],
    [bool, '"true"', 'bool', '"true"'],
    [int, '1.5', ofInt, '1.5'],
    [int, '"5"', ofInt, '"5"'],
    [int, 'true', ofInt, 'true'],
    // JSON.parse has already rounded it: taking it would join two users into one.
    [int, '7301234567890123456', ofInt, 'about 7.301e+18'],
    [int, '9007199254740992', ofInt, 'about 9.007e+15'],
    [int, '1e999', ofInt, 'Infinity'],
    [int64, '7301234567890123456', ofInt64, 'about 7.301e+18'],
    [int64, '"9223372036854775808"', ofInt64, '"9223372036854775808"'],
    [int64, '"12x"', ofInt64, '"12x"'],
    [int64, '""', ofInt64, '""'],
    [int64, '"1e3"', ofInt64, '"1e3"'],
    [int64, '1.5', ofInt64, '1.5'],
    [float, '1e999', 'float', 'Infinity'],
    [float, '-1e999', 'float', '-Infinity'],
    [float, '"NaN"', 'float', '"NaN"'],
    [float, '"1.5"', 'float', '"1.5"'],
    [float, '[]', 'float', 'a list of 0'],
    [cents, '0.295', ofCents, '0.295'],
    [cents, '"0.295"', ofCents, '"0.295"'],
    [cents, '1e999', ofCents, 'Infinity'],
    [cents, '"1e2"', ofCents, '"1e2"'],
    [cents, '"90071992547409.92"', ofCents, '"90071992547409.92"'],
    [cents, '1e14', ofCents, '100000000000000'],
    [cents, 'true', ofCents, 'true'],
    [timestamp, '"yesterday"', ofTimestamp, '"yesterday"'],
    [timestamp, '"2011-02-29"', ofTimestamp, '"2011-02-29"'],
    [timestamp, '1.5', ofTimestamp, '1.5'],
    [timestamp, '8640000000000001', ofTimestamp, '8640000000000001'],
    [timestamp, 'true', ofTimestamp, 'true'],
    [colour('reject'), '"blue"', 'one of "red", "green"', '"blue"'],
    [colour('reject'), '5', 'one of "red", "green"', '5'],
    [colour('reject'), '"constructor"', 'one of "red", "green"', '"constructor"'],
    [colour('null'), '5', 'one of "red", "green"', '5'],
    [colour({ as: 'other' }), '[]', 'one of "red", "green"', 'a list of 0'],
    [listOf(int), '5', 'list<int>', '5'],
    [listOf(int), '{ "0": 1, "length": 1 }', 'list<int>', 'an object'],
    [listOf(int), '[1, "2"]', 'list<int>', 'a list of 2'],
    [listOf(int), '[1, null]', 'list<int>', 'a list of 2'],
    [listOf(int), `[${'1,'.repeat(10_000)}1]`, 'list<int>', 'a list of 10001'],
    [listOf(colour('reject')), '["red", "blue"]', 'list<string>', 'a list of 2'],
    [item, '5', 'struct<id: string, price: decimal(2)>', '5'],
    [item, '[]', 'struct<id: string, price: decimal(2)>', 'a list of 0'],
    [item, '{}', 'struct<id: string, price: decimal(2)>', 'an object'],
    [item, '{ "id": null }', 'struct<id: string, price: decimal(2)>', 'an object'],
    [item, '{ "id": "i", "price": "x" }', 'struct<id: string, price: decimal(2)>', 'an object'],
    [bool, text(60), 'bool', text(60)],
    [bool, text(61), 'bool', 'a string of 61 characters'],
  ])('%o from %.40s', (field, json, expected, got) => {
    expect(read(field, json)).toEqual({ detail: `field f: expected ${expected}, got ${got}` });
  });

  it.each([string, bool, int, int64, float, cents, timestamp, listOf(int), item, colour('null')])(
    'missing or null: %o',
    field => {
      expect(read(field, undefined)).toEqual({ detail: 'field f: is missing' });
      expect(read(field, 'null')).toEqual({ detail: 'field f: is null' });
      expect(read({ ...field, optional: true }, 'null')).toEqual({ detail: 'field f: is null' });
      expect(read({ ...field, nullable: true }, undefined)).toEqual({ detail: 'field f: is missing' });
    },
  );

  it('numbers that JSON cannot say, from other parsers', () => {
    const decode = compileDecoder(streamOf([{ name: 'f', ...float }]));
    for (const f of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(decode({ user: 'u', ts: arrival, f }, arrival, position)).toEqual({
        rejected: 'schema',
        detail: `field f: expected float, got ${f}`,
      });
    }
  });

  it('the first bad field in the schema’s order', () => {
    const stream = streamOf([
      { name: 'a', ...int },
      { name: 'b', ...int },
    ]);
    const decoded = decodeText(stream, `{ "b": "x", "a": "y", "ts": 0, "user": "u" }`);
    expect(decoded).toMatchObject({ detail: expect.stringMatching(/^field a: /) });
  });

  test.each([
    ['5', '5'],
    ['"text"', '"text"'],
    ['null', 'null'],
    ['true', 'true'],
    ['[{}]', 'a list of 1'],
  ])('what is not an object: %s', (json, got) => {
    expect(decodeText(streamOf([]), json)).toEqual({
      rejected: 'schema',
      detail: `expected an object, got ${got}`,
    });
  });
});

describe('names that objects inherit', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
  it.each(names)('%s is a field like others', name => {
    const stream = streamOf([{ name, ...int }]);
    const event = decodeText(stream, `{ "user": "u", "ts": ${arrival}, "${name}": 5 }`);
    expect((event as StreamEvent).values[2]).toBe(5);
    expect((event as StreamEvent).unknownFields).toBe(0);
    expect(decodeText(stream, `{ "user": "u", "ts": ${arrival} }`)).toEqual({
      rejected: 'schema',
      detail: `field ${name}: is missing`,
    });
    const member = structOf({ name, ...int, optional: true });
    expect(read(member, '{}')).toEqual([null]);
    expect(read(member, `{ "${name}": 5 }`)).toEqual([5]);
  });
  it.each(names)('%s as an unknown field changes nothing', name => {
    const json = `{ "${name}": { "user": "evil", "f": 6 }, "user": "u", "ts": ${arrival}, "f": 5 }`;
    const event = decodeText(streamOf([{ name: 'f', ...int }]), json) as StreamEvent;
    expect(event.values).toEqual(['u', arrival, 5]);
    expect(event.unknownFields).toBe(1);
    expect(Object.hasOwn(Object.prototype, 'user')).toBe(false);
  });
});

describe('unknown fields', () => {
  it('are counted and ignored', () => {
    const json = `{ "user": "u", "ts": ${arrival}, "a": 1, "b": { "user": "v" }, "c": null }`;
    expect(decodeText(streamOf([]), json)).toMatchObject({ values: ['u', arrival], unknownFields: 3 });
  });
  it('may be as deep and long as they like', () => {
    const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`;
    const json = `{ "user": "u", "ts": ${arrival}, "deep": ${deep}, "long": ${text(100_000)} }`;
    expect(decodeText(streamOf([]), json)).toMatchObject({ unknownFields: 2 });
  });
  it('leave optional fields that are missing uncounted', () => {
    const stream = streamOf([{ name: 'f', ...int, optional: true, nullable: true }]);
    const count = (json: string): number => (decodeText(stream, json) as StreamEvent).unknownFields;
    expect(count(`{ "user": "u", "ts": ${arrival} }`)).toBe(0);
    expect(count(`{ "user": "u", "ts": ${arrival}, "f": null }`)).toBe(0);
    expect(count(`{ "user": "u", "ts": ${arrival}, "g": null }`)).toBe(1);
  });
});

describe('the key', () => {
  const reason = (field: string) => ({
    rejected: 'no-key',
    detail: `field ${field}: the stream's key is missing`,
  });
  it('must be there and not empty', () => {
    const stream = streamOf([]);
    expect(decodeText(stream, `{ "ts": ${arrival} }`)).toEqual(reason('user'));
    expect(decodeText(stream, `{ "ts": ${arrival}, "user": null }`)).toEqual(reason('user'));
    expect(decodeText(stream, `{ "ts": ${arrival}, "user": "" }`)).toEqual(reason('user'));
    expect(decodeText(stream, `{ "ts": ${arrival}, "user": 5 }`)).toMatchObject({ rejected: 'schema' });
  });
  it('must be there in all its parts', () => {
    const stream = streamOf([{ name: 'shop', ...int, nullable: true }], { key: ['user', 'shop'] });
    expect(decodeText(stream, `{ "ts": ${arrival}, "user": "u", "shop": null }`)).toEqual(reason('shop'));
    expect(decodeText(stream, `{ "ts": ${arrival}, "user": "u", "shop": 0 }`)).toHaveProperty('values');
  });
  it('must not be longer than a row key can be, with what escaping adds', () => {
    const tooLong = (fields: string) => ({
      rejected: 'no-key',
      detail: `field ${fields}: the stream's key is longer than 1024 bytes`,
    });
    const alone = (user: string) => decodeText(streamOf([]), JSON.stringify({ ts: arrival, user }));
    expect(alone('k'.repeat(1024))).toHaveProperty('values');
    expect(alone('|'.repeat(1024))).toHaveProperty('values');
    expect(alone('k'.repeat(1025))).toEqual(tooLong('user'));
    const stream = streamOf([{ name: 'shop', ...int }], { key: ['user', 'shop'] });
    const withShop = (user: string) => decodeText(stream, JSON.stringify({ ts: arrival, user, shop: 7 }));
    expect(withShop('k'.repeat(1022))).toHaveProperty('values');
    expect(withShop('k'.repeat(1023))).toEqual(tooLong('user, shop'));
    expect(withShop('|'.repeat(600))).toEqual(tooLong('user, shop'));
  });
});

describe('the time', () => {
  const at = (ts: number | string, arrivalTime = arrival, stream = streamOf([])) =>
    decodeText(stream, JSON.stringify({ user: 'u', ts }), arrivalTime);

  it('is the earlier of event time and arrival', () => {
    expect(at(arrival - 1000)).toMatchObject({ time: arrival - 1000, arrivalTime: arrival });
    expect(at(arrival)).toMatchObject({ time: arrival });
    expect(at(arrival + 1000)).toMatchObject({ time: arrival, arrivalTime: arrival });
  });
  it('may be 5 minutes past arrival, and no more', () => {
    expect(at(arrival + 300_000)).toMatchObject({ time: arrival });
    expect(at(arrival + 300_001)).toEqual({
      rejected: 'future',
      detail:
        'field ts: 2024-01-01T00:05:00.001Z is more than 5 minutes past arrival, 2024-01-01T00:00:00.000Z',
    });
  });
  it('is not before the stream’s first day', () => {
    expect(at(since)).toMatchObject({ time: since });
    expect(at(since - 1)).toEqual({
      rejected: 'too-old',
      detail: "field ts: 1999-12-31T23:59:59.999Z is before the stream's first day, 2000-01-01T00:00:00.000Z",
    });
    expect(at(-8.64e15)).toMatchObject({ rejected: 'too-old' });
    expect(at(0)).toMatchObject({ rejected: 'too-old' });
    const early = streamOf([], { since: Date.UTC(1960, 0, 1) });
    expect(at('1960-01-01T00:00:00Z', arrival, early)).toMatchObject({ time: Date.UTC(1960, 0, 1) });
  });
});

describe('the tie', () => {
  it('is the position, or the id where the stream declares one', () => {
    const json = `{ "user": "u", "ts": ${arrival}, "id": "7" }`;
    const id = { name: 'id', ...string };
    expect(decodeText(streamOf([id]), json)).toMatchObject({ tie: position });
    const dedupe = { by: 'id', withinMs: 1000 };
    expect(decodeText(streamOf([id], { dedupe }), json)).toMatchObject({ tie: '7' });
    expect(decodeText(streamOf([{ name: 'id', ...int64 }], { dedupe }), json)).toMatchObject({ tie: 7n });
  });
});
