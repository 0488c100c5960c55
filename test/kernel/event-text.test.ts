import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileDecoder, compileTextReader, type StreamPlan } from '../../lib/kernel/index.ts';

const stream: StreamPlan = {
  name: 's',
  schema: [
    { name: 'id', type: { kind: 'string' } },
    { name: 'user', type: { kind: 'string' } },
    {
      name: 'action',
      type: { kind: 'string' },
      oneOf: { values: ['click', 'like'], unlisted: { as: 'other' } },
    },
    { name: 'n', type: { kind: 'int' }, optional: true, nullable: true },
    { name: 'x', type: { kind: 'float' }, nullable: true },
    { name: 'cents', type: { kind: 'decimal', scale: 2 }, optional: true },
    { name: 'big', type: { kind: 'int64' }, optional: true },
    { name: 'ok', type: { kind: 'bool' }, optional: true },
    { name: 'ts', type: { kind: 'timestamp' } },
  ],
  eventTime: 'ts',
  key: ['user'],
  dedupe: { by: 'id', withinMs: 3_600_000 },
  since: Date.UTC(2000, 0, 1),
};

const arrival = Date.UTC(2026, 0, 1);
const position = { shard: 's', sequence: 1, index: 0 };
const decode = compileDecoder(stream);
const readText = compileTextReader(stream);

/** Reads `line` where it stands between others, as in a batch. */
function quickly(line: string) {
  const before = '{"id":"before"}\n';
  const bytes = Buffer.from(`${before}${line}\n{"id":"after","user":"u"}`, 'latin1');
  return readText(
    bytes,
    bytes.toString('latin1'),
    before.length,
    before.length + line.length,
    arrival,
    position,
  );
}

function slowly(line: string) {
  return decode(JSON.parse(line), arrival, position);
}

const event = {
  id: 'e1',
  user: 'user 17',
  action: 'click',
  n: 12,
  x: 2.55,
  cents: 12.3,
  big: '7301234567890123456',
  ok: true,
  ts: '2025-12-31T23:59:59.123Z',
};

describe('reading events from text', () => {
  it.each([
    ['as JSON.stringify writes it', JSON.stringify(event)],
    ['with blanks', JSON.stringify(event).replaceAll(':"', ' : "').replaceAll(',', ' ,\t')],
    ['in another order', JSON.stringify(Object.fromEntries(Object.entries(event).reverse()))],
    ['without what is optional', JSON.stringify({ ...event, n: undefined, cents: undefined, ok: undefined })],
    ['with nulls', JSON.stringify({ ...event, n: null, x: null })],
    ['with a number for a time', JSON.stringify({ ...event, ts: arrival - 1 })],
    [
      'with negative numbers and zeros',
      '{"id":"","user":"u","action":"x","n":-0,"x":-0.0,"cents":-1.50,"big":-5,"ts":1767225599999}',
    ],
    ['with a long string', JSON.stringify({ ...event, id: 'long '.repeat(40) })],
    ['without a key, which the rules of admission reject', JSON.stringify({ ...event, user: '' })],
    ['from before the stream began', JSON.stringify({ ...event, ts: '1999-12-31' })],
    ['from the future', JSON.stringify({ ...event, ts: '2026-01-01T00:05:01Z' })],
  ])('knows a plain event %s', (_, line) => {
    expect(quickly(line)).not.toBeNull();
    expect(quickly(line)).toEqual(slowly(line));
  });

  it.each([
    ['an unknown field', JSON.stringify({ ...event, more: 1 })],
    ['an escape', JSON.stringify({ ...event, id: 'a"b' })],
    ['a field twice', `{"id":"a",${JSON.stringify(event).slice(1)}`],
    ['a missing field', JSON.stringify({ ...event, user: undefined })],
    ['a null where none may be', JSON.stringify({ ...event, user: null })],
    ['an exponent', JSON.stringify(event).replace('2.55', '2.55e0')],
    ['sixteen digits', JSON.stringify(event).replace('2.55', '1234567890.123456')],
    ['a leading zero', JSON.stringify(event).replace('2.55', '02.55')],
    ['a number that ends in a point', JSON.stringify(event).replace('2.55', '2.')],
    ['a fraction for an int', JSON.stringify({ ...event, n: 1.5 })],
    ['a wrong type', JSON.stringify({ ...event, ok: 'true' })],
    ['a time that is none', JSON.stringify({ ...event, ts: '2025-02-30' })],
    ['a nested value', JSON.stringify({ ...event, id: [1] })],
    ['a list', '[]'],
    ['nothing', ''],
    ['an event cut short', JSON.stringify(event).slice(0, -1)],
    ['something after the event', `${JSON.stringify(event)}}`],
    ['a string that goes on in the next event', JSON.stringify(event).slice(0, -2)],
    ['a control character', JSON.stringify(event).replace('user 17', 'user\u000117')],
  ])('leaves %s to the long way', (_, line) => {
    expect(quickly(line)).toBeNull();
  });

  it('never answers otherwise than JSON.parse and the decoder', () => {
    const scalar = fc.oneof(
      fc.string({ unit: 'grapheme-ascii' }),
      fc.integer(),
      fc.double(),
      fc.maxSafeInteger().map(n => n / 1000),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom('click', 'like', '2025-06-01T00:00:00Z', '2025-06-01', '12', 1e21, 1.5e-7, -0),
    );
    const names = stream.schema.map(f => f.name);
    const fields = fc.array(fc.tuple(fc.constantFrom(...names, 'more'), scalar), {
      maxLength: 4,
      size: 'max',
    });
    const line = fc
      .tuple(
        fields,
        fc.integer({ min: 0, max: 200 }),
        fc.constantFrom('', '', '', '"', '\\', '}', ',', '0', ' ', 'e'),
      )
      .map(([changes, at, typo]) => {
        const text = JSON.stringify({ ...event, ...Object.fromEntries(changes) });
        return typo === '' ? text : text.slice(0, at) + typo + text.slice(at + 1);
      });
    let answered = 0;
    fc.assert(
      fc.property(line, text => {
        const quick = quickly(text);
        if (quick === null) return;
        answered++;
        expect(quick).toEqual(slowly(text));
      }),
      { numRuns: 5_000 },
    );
    // About one in nine: far enough below that chance alone never gets there.
    expect(answered).toBeGreaterThan(300);
  });
});
