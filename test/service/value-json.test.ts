import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toExternal, type Value, type ValueType } from '../../lib/kernel/index.ts';
import { jsonWriter } from '../../lib/service/value-json.ts';

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '"', '\\', '\n', '__proto__'),
);

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
    values: fc.array(fc.tuple(text, nullable(values))).map(entries => new Map(entries)),
  },
]);

test.each(typed)('JSON of $type.kind of $type says what its external form says', ({ type, values }) => {
  const write = jsonWriter(type);
  fc.assert(
    fc.property(nullable(values), value => {
      expect(JSON.parse(write(value))).toEqual(JSON.parse(JSON.stringify(toExternal(value, type))));
    }),
    { numRuns: 50 },
  );
});

test('int64 is text, wherever it stands', () => {
  const int64 = { kind: 'int64' } as const;
  expect(jsonWriter({ kind: 'list', of: int64 })([2n ** 63n - 1n, null])).toBe(
    '["9223372036854775807",null]',
  );
  expect(jsonWriter({ kind: 'map', key: int64, value: int64 })(new Map([[1n, -5n]]))).toBe('{"1":"-5"}');
});
