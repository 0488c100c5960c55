import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { largestEvent, parseRecords } from '../../lib/runtime/parse-records.ts';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { unpackRecords } from '../../lib/runtime/unpack-records.ts';

const recordOf = (data: string | Uint8Array, i = 0): LogRecord => ({
  shard: 'a',
  sequence: i + 1,
  arrivalTime: 1_000 + i,
  data: typeof data === 'string' ? Buffer.from(data) : data,
});

const parseBatch = (batch: readonly LogRecord[]) => {
  const records = unpackRecords(batch);
  return { records, ...parseRecords(records) };
};
const parse = (...texts: readonly (string | Uint8Array)[]) => parseBatch(texts.map(recordOf));

/** What became of each event: where it stands, its bytes, and its value or why it has none. */
const outcomes = ({ records, json, failures }: ReturnType<typeof parseBatch>) =>
  records.map(({ shard, sequence, arrivalTime, index = 0, data }, i) => ({
    at: [shard, sequence, index, arrivalTime],
    data: Buffer.from(data).toString('latin1'),
    ...(failures.has(i) ? { failure: failures.get(i) } : { json: json[i] }),
  }));

/** A single record leaves no neighbour to borrow from. */
const oneByOne = (batch: readonly LogRecord[]) => batch.flatMap(record => outcomes(parseBatch([record])));

/** Whether an event's bytes are JSON, said without the code under test. */
function isJson(latin1: string): boolean {
  try {
    JSON.parse(
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1')),
    );
    return true;
  } catch {
    return false;
  }
}

const validJson = fc.oneof(
  fc.jsonValue().map(value => JSON.stringify(value)),
  fc.jsonValue().map(value => ` ${JSON.stringify(value, null, '\t').replaceAll('\n', ' ')}\r`),
  fc.integer({ min: 100_000_000, max: 2 ** 30 }).map(String),
  fc.constantFrom('{"__proto__":1}', '{"a":1,"a":2}', '"\\ud800"', '1e400', '-0'),
);

/** Texts that are no JSON alone but may be with what stands beside them. */
const fragments = [
  '',
  ' ',
  '[',
  ']',
  '],[',
  '{',
  '}',
  '{"a":',
  '{"a":[{}',
  '{}]}',
  '{"a":"',
  '"}',
  '"',
  '\\"',
  ',',
  '1,2',
  '1,2,3',
  '[0',
  '0]',
  '1,123456789,2',
  ',123456789,',
  '123456789,',
  '{} {}',
  '//',
  '/*',
  '*/',
  '\u0000',
  '\ufeff{}',
  'NaN',
  "{'a':1}",
];

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.constantFrom(
    Buffer.from('{"user":"\xff"}', 'latin1'),
    // The halves of one character: together they are UTF-8, alone they are not.
    Buffer.from([0x22, 0xc3]),
    Buffer.from([0xa9, 0x22]),
    Buffer.alloc(largestEvent + 1, 'x'),
  ),
);

const line = fc.oneof(
  { weight: 4, arbitrary: validJson },
  { weight: 2, arbitrary: fc.constantFrom(...fragments) },
);
const packed = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 5 }), fc.constantFrom('\n', '\r\n', '\n\n', '\n \t\r\n'))
  .map(([lines, separator]) => lines.join(separator) + separator);
const data: fc.Arbitrary<string | Uint8Array> = fc.oneof(
  { weight: 5, arbitrary: validJson },
  { weight: 2, arbitrary: fc.constantFrom(...fragments) },
  { weight: 1, arbitrary: packed },
  { weight: 1, arbitrary: bytes },
);

describe('a batch', () => {
  test('gives what its records give alone, whatever stands beside them', () => {
    fc.assert(
      fc.property(fc.array(data, { maxLength: 12 }), texts => {
        const batch = texts.map(recordOf);
        const together = outcomes(parseBatch(batch));
        expect(together).toEqual(oneByOne(batch));
        for (const event of together) expect('json' in event).toBe(isJson(event.data));
      }),
      { numRuns: 1_000 },
    );
  });

  test('of good records is parsed in one piece, with the same values', () => {
    fc.assert(
      fc.property(fc.array(validJson, { maxLength: 30 }), texts => {
        const { json, failures, records } = parse(...texts);
        expect(failures.size).toBe(0);
        expect(records).toHaveLength(texts.length);
        expect(json).toEqual(texts.map(text => JSON.parse(text)));
      }),
    );
  });

  test.each([
    ['an object that spans two', ['{"a":[{}', '{}]}']],
    ['two values in one', ['1,2']],
    ['two values in one, for one in two', ['1,2', '[', ']']],
    ['three values in one, for one in two', ['0,1,2', '[0', '0]']],
    ['an array closed and opened', ['{}', '],[', '{}']],
    ['a string that spans two', ['{"a":"', '"}']],
    ['a string that swallows the good one between', ['{"a":"', '{}', '"}']],
    ['a character in halves', [Buffer.from([0x22, 0xc3]), Buffer.from([0xa9, 0x22])]],
  ])('does not let records borrow: %s', (_, texts) => {
    const { failures, records } = parse('{"before":1}', ...texts, '{"after":1}');
    const good = texts.filter(text => text === '{}').length + 2;
    expect(records).toHaveLength(texts.length + 2);
    expect(failures.size).toBe(records.length - good);
    expect(failures.has(0) || failures.has(records.length - 1)).toBe(false);
  });

  test('is empty of events when it is empty', () => {
    expect(parse()).toEqual({ records: [], json: [], failures: new Map() });
  });
});

describe('a bad record', () => {
  test.each([
    ['{"a":', 'not-json', /JSON/],
    ['', 'not-json', /JSON/],
    ['{"a":1} {"b":2}', 'not-json', /JSON/],
    ['\ufeff{"a":1}', 'not-json', /not valid JSON/],
    [Buffer.from('{"user":"\xff"}', 'latin1'), 'bad-encoding', /^the event is not UTF-8 text$/],
    [
      `"${'x'.repeat(largestEvent - 1)}"`,
      'too-large',
      /^the event has 262145 bytes; at most 262144 are read$/,
    ],
  ] as const)('%# is named with its reason, and its neighbours are read', (text, reason, detail) => {
    const { json, failures } = parse('{"n":1}', text, '{"n":2}');
    expect([...failures.keys()]).toEqual([1]);
    expect(failures.get(1)).toEqual({ reason, detail: expect.stringMatching(detail) });
    expect([json[0], json[2]]).toEqual([{ n: 1 }, { n: 2 }]);
  });

  test('is not one that is as large as may be', () => {
    const { json, failures } = parse(`"${'x'.repeat(largestEvent - 2)}"`);
    expect(failures.size).toBe(0);
    expect(json[0]).toHaveLength(largestEvent - 2);
  });
});
