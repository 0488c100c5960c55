import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRecordDecoder, isBad } from '../../lib/runtime/decode-records.ts';
import { largestEvent } from '../../lib/runtime/parse-records.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { unpackRecords } from '../../lib/runtime/unpack-records.ts';
import { aggregate, field, framed } from '../support/kpl.ts';
import { now, plays, playText } from '../support/plays.ts';

const recordOf = (data: string | Uint8Array, i = 0): LogRecord => ({
  shard: 'a',
  sequence: i + 1,
  arrivalTime: now,
  data: typeof data === 'string' ? Buffer.from(data) : data,
});

const unpack = (...data: readonly (string | Uint8Array)[]) =>
  unpackRecords(data.map(recordOf)).map(({ sequence, index = 0, data: bytes }) => [
    sequence,
    index,
    Buffer.from(bytes).toString('latin1'),
  ]);

/** Of each event: where it stands, and what is wrong with it, or nothing. */
function judge(...data: readonly (string | Uint8Array)[]) {
  const { records, outcomes } = createRecordDecoder(plays.plan)(data.map(recordOf));
  return outcomes.map((outcome, i) => {
    const { sequence, index = 0 } = records[i]!;
    const bad = isBad(outcome) ? [outcome.reason, outcome.detail] : [];
    return [sequence, index, ...bad];
  });
}

const kpl = (...texts: readonly string[]) => aggregate(texts.map(text => ({ data: Buffer.from(text) })));

describe('a record', () => {
  test('of one event stays as it is', () => {
    const batch = [recordOf('{"n":0}'), recordOf(''), recordOf(Buffer.of(0xf3, 0x89), 2)];
    expect(unpackRecords(batch)).toBe(batch);
  });

  test('of several lines is an event a line, counted from 0; blank lines are none', () => {
    expect(unpack('{"n":0}', '\n{"n":1}\r\n \t\r\n{"n":2}\n', '{"n":3}\n')).toEqual([
      [1, 0, '{"n":0}'],
      [2, 0, '{"n":1}\r'],
      [2, 1, '{"n":2}'],
      [3, 0, '{"n":3}'],
    ]);
  });

  test('of several lines loses only the line that is bad, with that line as its bytes', () => {
    expect(judge(`${playText()}\n{"n":\n${playText()}`)).toEqual([
      [1, 0],
      [1, 1, 'not-json', expect.any(String)],
      [1, 2],
    ]);
  });

  test('may be larger than an event, if its lines are not', () => {
    const long = `{"x":"${'x'.repeat(largestEvent - 8)}"}`;
    expect(judge(`${long}\n${long}\n${long}`).map(([, , reason]) => reason)).toEqual(Array(3).fill('no-key'));
  });

  test('whose lines are all blank is one event, and a bad one: nothing vanishes', () => {
    expect(judge(' \n\r\n')).toEqual([[1, 0, 'not-json', expect.any(String)]]);
  });
});

describe('an aggregated record', () => {
  test('as the Kinesis Producer Library writes it, byte by byte', () => {
    // Keys "a" and "b", an explicit hash key "0", two records of which the second has it and a tag.
    const message = Buffer.from(
      '0a0161' +
        '0a0162' +
        '120130' +
        '1a060800' +
        '1a027b7d' +
        '1a0c0801' +
        '1000' +
        '1a025b5d' +
        '22020a00',
      'hex',
    );
    const bytes = Buffer.concat([
      Buffer.from('f3899ac2', 'hex'),
      message,
      createHash('md5').update(message).digest(),
    ]);
    expect(unpack(bytes)).toEqual([
      [1, 0, '{}'],
      [1, 1, '[]'],
    ]);
  });

  test('gives each event its own place, those of packed lines too, and the next record begins anew', () => {
    expect(unpack(kpl('{"n":0}', '{"n":1}\n{"n":2}\n', '{"n":3}'), '{"n":4}')).toEqual([
      [1, 0, '{"n":0}'],
      [1, 1, '{"n":1}'],
      [1, 2, '{"n":2}'],
      [1, 3, '{"n":3}'],
      [2, 0, '{"n":4}'],
    ]);
  });

  test('keeps an event without bytes: it is a bad one', () => {
    expect(judge(kpl(playText(), '', ' \n', playText()))).toEqual([
      [1, 0],
      [1, 1, 'not-json', expect.any(String)],
      [1, 2, 'not-json', expect.any(String)],
      [1, 3],
    ]);
  });

  test('gives back what was put in, in order', () => {
    const record = fc.record({
      data: fc.oneof(fc.uint8Array({ max: 9 }), fc.constant(Buffer.alloc(20_000, 'x'))),
      key: fc.constantFrom('k1', 'k2', 'ü'.repeat(128)),
      hashKey: fc.option(fc.constantFrom('0', '340282366920938463463374607431768211455'), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 20 }), records => {
        const unpacked = unpackRecords([
          recordOf(aggregate(records.map(({ hashKey, ...r }) => (hashKey ? { ...r, hashKey } : r)))),
        ]);
        expect(unpacked.length).toBe(records.length);
        expect(unpacked.every(({ data }, i) => records[i]!.data.every((b, at) => b === data[at]))).toBe(true);
        expect(unpacked.map(({ index }) => index)).toEqual(records.map((_, i) => i));
      }),
    );
  });

  const whole = kpl(playText(), playText());
  const flipped = Buffer.from(whole);
  flipped[10]! ^= 1;
  test.each<[string, Uint8Array]>([
    ['only the magic bytes', whole.subarray(0, 4)],
    ['no content', framed(new Uint8Array())],
    ['a bit that has changed', flipped],
    ['an end that is missing', whole.subarray(0, -1)],
    ['no records', framed(field(1, Buffer.from('k')))],
    ['a record without data', framed(field(3, Buffer.of(8, 0)))],
    ['a length past its end', framed(Buffer.of(26, 100, 8))],
    ['a number that does not end', framed(Buffer.alloc(20, 255))],
    ['a wire type that does not exist', framed(Buffer.of(7, 1))],
    ['a length beyond all numbers', framed(Buffer.of(26, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1))],
  ])('with %s is one bad event, with all its bytes', (_, bytes) => {
    const reason = ['bad-encoding', expect.stringMatching(/Kinesis Producer Library.*broken/)];
    expect(judge(playText(), bytes, playText())).toEqual([
      [1, 0],
      [2, 0, ...reason],
      [3, 0],
    ]);
    expect(Buffer.from(unpackRecords([recordOf(bytes)])[0]!.data)).toEqual(Buffer.from(bytes));
  });

  test('however its bytes are changed, throws nothing and takes no time', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), message => {
        expect(unpackRecords([recordOf(framed(message))]).length).toBeGreaterThan(0);
      }),
      { numRuns: 1_000 },
    );
  });
});

test.each<[string, string | Uint8Array, string, RegExp]>([
  ['empty', '', 'not-json', /./],
  [
    'gzip',
    Buffer.from('1f8b0800000000000003abae050043bfa6a302000000', 'hex'),
    'bad-encoding',
    /gzip: send JSON/,
  ],
  ['other binary', Buffer.of(0, 255, 254, 1), 'bad-encoding', /not UTF-8/],
  ['text of others', 'CONTROL_MESSAGE', 'not-json', /./],
  ['a megabyte in one event', JSON.stringify('x'.repeat(1_048_000)), 'too-large', /1048002 bytes/],
])('a record that is no event of ours (%s) is one bad event', (_, data, reason, detail) => {
  expect(judge(playText(), data, playText())).toEqual([
    [1, 0],
    [2, 0, reason, expect.stringMatching(detail)],
    [3, 0],
  ]);
});

test('a megabyte of packed events is all of them', () => {
  const line = `${playText()}\n`;
  const lines = Math.floor(1_048_576 / line.length);
  const judged = judge(line.repeat(lines));
  expect(judged.length).toBe(lines);
  expect(
    judged.every(([sequence, index, bad], i) => sequence === 1 && index === i && bad === undefined),
  ).toBe(true);
});
