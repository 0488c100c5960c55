import fc from 'fast-check';
import { expect, test } from 'vitest';
import { valueCodec } from '../../lib/kernel/codec/values.ts';
import { JsonText, Reader, toExternal, type Value, type ValueType, Writer } from '../../lib/kernel/index.ts';
import { jsonWriter } from '../../lib/service/value-json.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '"', '\\', '\n', '__proto__'),
);

/**
 * Keys without a backslash: the JSON.parse of Node 24.21 reads `{"":1,"\\n":2}` as having a key `\\` once it has read an
 * object whose second key was that.
 */
const keys = text.filter(key => !key.includes('\\'));

/** A type, and values of it in memory form. */
interface Typed {
  readonly type: ValueType;
  readonly values: fc.Arbitrary<Value>;
}

const scalars: readonly Typed[] = [
  { type: { kind: 'string' }, values: text },
  { type: { kind: 'bool' }, values: fc.boolean() },
  { type: { kind: 'int' }, values: fc.maxSafeInteger() },
  { type: { kind: 'float' }, values: fc.double({ noNaN: true, noDefaultInfinity: true }).map(x => x + 0) },
  { type: { kind: 'decimal', scale: 2 }, values: fc.maxSafeInteger() },
  { type: { kind: 'timestamp' }, values: fc.integer() },
];
const nullable = (values: fc.Arbitrary<Value>) => fc.option(values, { nil: null });
const typed: readonly Typed[] = scalars.flatMap(({ type, values }) => [
  { type, values },
  { type: { kind: 'list', of: type }, values: fc.array(nullable(values)) },
  {
    type: {
      kind: 'struct',
      fields: [
        { name: 'a"b', type },
        { name: 'c', type: { kind: 'list', of: type } },
      ],
    },
    values: fc.tuple(nullable(values), fc.array(values)),
  },
  {
    type: { kind: 'map', key: { kind: 'string' }, value: type },
    values: fc.array(fc.tuple(keys, nullable(values))).map(entries => new Map(entries)),
  },
]);

const textOf = (out: JsonText): string => Buffer.from(out.written()).toString();

function writerOf(type: ValueType): (value: Value) => string {
  const write = jsonWriter(type);
  return value => {
    const out = new JsonText(undefined, 1);
    write(out, value);
    return textOf(out);
  };
}

test.each(typed)('JSON of $type.kind of $type says what its external form says', ({ type, values }) => {
  const write = writerOf(type);
  fc.assert(
    fc.property(nullable(values), value => {
      expect(JSON.parse(write(value))).toEqual(JSON.parse(JSON.stringify(toExternal(value, type))));
    }),
    { numRuns: 50 },
  );
});

const stored: readonly Typed[] = [
  ...typed.filter(({ type }) => type.kind !== 'map'),
  {
    type: { kind: 'string' },
    values: fc.oneof(fc.uuid(), fc.stringMatching(/^[0-9]{1,16}$/), fc.constant('a\u007f')),
  },
  { type: { kind: 'int64' }, values: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
];

test.each(stored)(
  'a stored $type.kind of $type is written as the value it stands for',
  ({ type, values }) => {
    const codec = valueCodec(type);
    const write = writerOf(type);
    fc.assert(
      fc.property(values, value => {
        const w = new Writer();
        codec.write(w, value as NonNullable<Value>);
        const r = new Reader(w.finish());
        const out = new JsonText(undefined, 1);
        codec.writeJson(r, out);
        expect(textOf(out)).toBe(write(codec.read(new Reader(r.bytes))));
        expect(r.at).toBe(r.end);
        const skipping = new Reader(r.bytes);
        codec.skip(skipping);
        expect(skipping.at).toBe(r.end);
      }),
      { numRuns: 100 },
    );
  },
);

test('int64 is text, wherever it stands', () => {
  const int64 = { kind: 'int64' } as const;
  expect(writerOf({ kind: 'list', of: int64 })([2n ** 63n - 1n, null])).toBe('["9223372036854775807",null]');
  expect(writerOf({ kind: 'map', key: int64, value: int64 })(new Map([[1n, -5n]]))).toBe('{"1":"-5"}');
});
