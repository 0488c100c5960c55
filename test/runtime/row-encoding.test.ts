import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FieldPlan, StreamPlan } from '../../lib/kernel/plan.ts';
import type { ValueType } from '../../lib/kernel/value-type.ts';
import { parseMapping } from '../../lib/runtime/column-mapping.ts';
import { memberText } from '../../lib/runtime/json-member.ts';
import { createRowEncoder } from '../../lib/runtime/row-encoding.ts';
import { typedCell } from '../../lib/runtime/typed-cell.ts';

const field = (name: string, kind: string, more: object = {}): FieldPlan => ({
  name,
  type: { kind, ...(kind === 'decimal' ? { scale: 2 } : {}) } as ValueType,
  ...more,
});

const stream: StreamPlan = {
  name: 'sales',
  schema: [
    field('id', 'int64'),
    field('ts', 'timestamp'),
    field('user', 'string', { nullable: true }),
    field('qty', 'int'),
    field('price', 'decimal'),
    field('note', 'string', { optional: true }),
  ],
  eventTime: 'ts',
  key: ['user'],
  since: 0,
};

const encoderFor = (columns: readonly string[] | null, map: readonly string[] = [], keepEmpty = false) =>
  createRowEncoder({
    stream,
    source: { name: 'sales.csv', columns },
    mapping: parseMapping(map, stream),
    keepEmpty,
  });

const text = (data: Uint8Array) => Buffer.from(data).toString('utf8');
const columns = ['id', 'ts', 'user', 'qty', 'price', 'note'];

describe('rows of a table', () => {
  test('become JSON of the types that the schema asks for', () => {
    const event = encoderFor(columns)(
      ['7301234567890123456', '2010-12-01 08:26:00', '17850', '6', '2.55', 'x'],
      1,
    );
    expect(text(event.data)).toBe(
      '{"id":"7301234567890123456","ts":"2010-12-01 08:26:00","user":"17850","qty":6,"price":2.55,"note":"x"}',
    );
    expect(event).toMatchObject({ partitionKey: '17850', eventTime: Date.UTC(2010, 11, 1, 8, 26) });
  });

  test('numbers and times that JSON cannot hold stay in sight and do not become null', () => {
    const event = encoderFor(columns)(
      [1, new Date(Number.NaN), 'u', Number.NaN, Number.POSITIVE_INFINITY, 'n'],
      1,
    );
    expect(JSON.parse(text(event.data))).toMatchObject({
      ts: 'Invalid Date',
      qty: 'NaN',
      price: 'Infinity',
    });
  });

  test('a cell nested beyond what JSON can be written of stays text', () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    expect(typedCell(deep, field('tags', 'list'))).toBe(deep);
    expect(typedCell('[1,2]', field('tags', 'list'))).toEqual([1, 2]);
  });

  test('what does not parse stays as it is, for the transform to reject', () => {
    const event = encoderFor(columns)(['x', 'yesterday', 'u', 'six', '1.2.3', 'n'], 1);
    expect(JSON.parse(text(event.data))).toEqual({
      id: 'x',
      ts: 'yesterday',
      user: 'u',
      qty: 'six',
      price: '1.2.3',
      note: 'n',
    });
    expect(event.eventTime).toBeNull();
  });

  test('an empty cell is null, or missing where the field may be missing but not null', () => {
    const event = encoderFor(columns)(['1', '0', '', '', '', ''], 1);
    expect(JSON.parse(text(event.data))).toEqual({ id: '1', ts: 0, user: null, qty: null, price: null });
    expect(event.partitionKey).toBe('');
  });

  test('an empty cell stays empty text on request', () => {
    const event = encoderFor(columns, [], true)(['1', '0', '', '1', '1', ''], 1);
    expect(JSON.parse(text(event.data))).toMatchObject({ user: '', note: '' });
  });

  test('columns can be renamed, counted and made up', () => {
    const encode = encoderFor(
      ['when', 'customer', 'qty', 'price', 'extra'],
      ['ts=when', 'user=customer', 'id=$line', 'note==from a file'],
    );
    expect(text(encode(['5', 'u', '1', '2', 'kept'], 42).data)).toBe(
      '{"qty":1,"price":2,"extra":"kept","ts":5,"user":"u","id":"42","note":"from a file"}',
    );
  });

  test('a row given as bytes goes on as it is', () => {
    const row = Buffer.from('1,2,3');
    expect(encoderFor(columns)(row, 1)).toEqual({ data: row, partitionKey: '', eventTime: null });
  });

  test('missing columns are found before the first row', () => {
    expect(() => encoderFor(['id', 'when', 'user'])).toThrow(
      'sales.csv has no column for ts, qty, price of stream sales; it has id, when, user. Name one with --map ts=COLUMN',
    );
    expect(() => encoderFor(columns, ['user=customer'])).toThrow(
      'sales.csv has no column customer for the field user',
    );
  });
});

describe('lines', () => {
  const line = '{"id":7301234567890123456,"ts":5,"user":"ü"}';

  test('stay the bytes they are', () => {
    const bytes = Buffer.from(line);
    const event = encoderFor(null)(bytes, 1);
    expect(event.data).toBe(bytes);
    expect(event).toMatchObject({ partitionKey: 'ü', eventTime: 5 });
  });

  test.each(['{"a":', '[1]', '"text"', 'null', ''])('without an event in them go on: %s', bad => {
    const bytes = Buffer.from(bad);
    expect(encoderFor(null, ['id=$line'])(bytes, 1)).toEqual({
      data: bytes,
      partitionKey: '',
      eventTime: null,
    });
  });

  test('mapped fields are added behind, with every digit of a number', () => {
    const encode = encoderFor(null, ['user=id', 'id=$line', 'note==x']);
    const event = encode(Buffer.from(line), 9);
    expect(text(event.data)).toBe(
      '{"id":7301234567890123456,"ts":5,"user":"ü","user":7301234567890123456,"id":"9","note":"x"}',
    );
  });

  test('into an empty object too; a missing column adds nothing', () => {
    expect(text(encoderFor(null, ['id=$line'])(Buffer.from(' { } '), 9).data)).toBe(' { "id":"9"}');
    expect(text(encoderFor(null, ['user=customer'])(Buffer.from('{}'), 9).data)).toBe('{}');
  });

  test('that are not UTF-8 are not mapped', () => {
    const bytes = Buffer.from('{"user":"\xff"}', 'latin1');
    expect(encoderFor(null, ['id=$line'])(bytes, 1).data).toBe(bytes);
  });
});

describe('mappings', () => {
  test.each([
    ['user', 'write field=column, field=$line or field==text'],
    ['=x', 'write field=column'],
    ['user=', 'write field=column'],
    ['nobody=x', 'stream sales has no field nobody; it has id, ts, user, qty, price, note'],
  ])('%s', (mapping, message) => {
    expect(() => parseMapping([mapping], stream)).toThrow(message);
  });
  test('of one field twice', () => {
    expect(() => parseMapping(['user=a', 'user=b'], stream)).toThrow('field user is mapped twice');
  });
});

describe('cells', () => {
  const cases: [kind: string, cell: unknown, value: unknown][] = [
    ['string', '007', '007'],
    ['string', 12n, '12'],
    ['string', 12, '12'],
    ['string', true, 'true'],
    ['string', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['bool', 'TRUE', true],
    ['bool', '0', false],
    ['bool', 'maybe', 'maybe'],
    ['bool', 'f', false],
    ['int', '-12', -12],
    ['int', '17850.0', 17850],
    ['int', '1.5', '1.5'],
    ['int', '9007199254740993', '9007199254740993'],
    ['int', '', ''],
    ['int', 12n, 12],
    ['int', 9007199254740993n, '9007199254740993'],
    ['int64', '9007199254740993', '9007199254740993'],
    ['int64', 9007199254740993n, '9007199254740993'],
    ['int64', 12, '12'],
    ['float', '1e3', 1000],
    ['float', '.5', 0.5],
    ['float', 'NaN', 'NaN'],
    ['float', '1e999', '1e999'],
    ['float', '0x10', '0x10'],
    ['decimal', '2.55', 2.55],
    ['decimal', '45035996273704.931', '45035996273704.931'],
    ['decimal', '+000000000000012.50', '000000000000012.50'],
    ['decimal', '1e3', 1000],
    ['timestamp', '1291191960000', 1291191960000],
    ['timestamp', '2010-12-01 08:26:00+00', '2010-12-01 08:26:00+00:00'],
    ['timestamp', '2010-12-01', '2010-12-01'],
    ['timestamp', new Date(5), 5],
    ['timestamp', null, null],
  ];
  test.each(cases)('%s from %s', (kind, cell, value) => {
    expect(typedCell(cell, field('x', kind))).toBe(value);
  });

  test('lists and structs are typed inside', () => {
    const list = field('x', 'list', { element: field('element', 'int64') });
    expect(typedCell([1n, 9007199254740993n], list)).toEqual(['1', '9007199254740993']);
    expect(typedCell('[1, 2]', list)).toEqual([1, 2]);
    expect(typedCell('[1', list)).toBe('[1');
    const struct = field('x', 'struct', { fields: [field('at', 'timestamp')] });
    expect(typedCell({ at: new Date(5), other: 1n }, struct)).toEqual({ at: 5, other: 1 });
  });
});

test('memberText finds what JSON.parse would give, for any object', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(4), (object, indent) => {
      const json = JSON.stringify(object, null, indent);
      for (const [name, value] of Object.entries(JSON.parse(json))) {
        if (JSON.stringify(JSON.parse(memberText(json, name)!)) !== JSON.stringify(value)) return false;
      }
      return memberText(json, 'no such member, surely') === null;
    }),
  );
});

test('a key that is a list or an object, however deep, is no key', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect(encoderFor(null)(Buffer.from(`{"user":${deep}}`), 1).partitionKey).toBe('');
  expect(encoderFor(null)(Buffer.from('{"user":{"id":1}}'), 1).partitionKey).toBe('');
});
