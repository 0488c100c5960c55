import { expect, test } from 'vitest';
import { type FirehoseEvent, type FirehoseRecord, toArchiveRows } from '../../lib/runtime/archive-rows.ts';
import { aggregate } from '../support/kpl.ts';

const arrivalTime = 1_790_000_000_123;
/** Of 56 digits, as Kinesis has them. */
const sequence = '49590338271490256608559692538361571095921575989136588898';

const eventOf = (...data: readonly (string | Uint8Array)[]): FirehoseEvent => ({
  records: data.map((one, i) => ({
    recordId: `record-${i}`,
    data: Buffer.from(one).toString('base64'),
    kinesisRecordMetadata: {
      shardId: 'shardId-000000000003',
      sequenceNumber: sequence,
      approximateArrivalTimestamp: arrivalTime,
    },
  })),
});

const rowsOf = (event: FirehoseEvent) =>
  toArchiveRows(event).answer.records.map(({ recordId, result, data }) => ({
    recordId,
    result,
    rows: Buffer.from(data, 'base64')
      .toString()
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line)),
  }));

const position = { shard: 'shardId-000000000003', sequence, arrival_time: arrivalTime };

test('an event is a row with its position, its arrival and its text as it was', () => {
  const text = '{"id": 7301234567890123456, "name": "é\\n"}';
  expect(rowsOf(eventOf(text))).toEqual([
    { recordId: 'record-0', result: 'Ok', rows: [{ ...position, index: null, event: text }] },
  ]);
});

test('a record of several events is a row for each, with its place', () => {
  const packed = rowsOf(eventOf('{"a":1}\n\n{"a":2}\n'));
  expect(packed[0]!.rows).toEqual([
    { ...position, index: 0, event: '{"a":1}' },
    { ...position, index: 1, event: '{"a":2}' },
  ]);
  const aggregated = aggregate([{ data: Buffer.from('{"a":1}') }, { data: Buffer.from('{"a":2}\n{"a":3}') }]);
  expect(rowsOf(eventOf(aggregated))[0]!.rows.map(row => [row.index, row.event])).toEqual([
    [0, '{"a":1}'],
    [1, '{"a":2}'],
    [2, '{"a":3}'],
  ]);
});

test('what is no event is archived like one, byte by byte', () => {
  const bytes = Buffer.of(0x7b, 0xff, 0x7d);
  expect(rowsOf(eventOf('no JSON', bytes, '')).map(({ rows }) => rows[0])).toEqual([
    { ...position, index: null, event: 'no JSON' },
    { ...position, index: null, bytes: bytes.toString('base64') },
    { ...position, index: null, event: '' },
  ]);
});

test('every record is answered, under its id', () => {
  const answers = toArchiveRows(eventOf('{}', 'x', '{}\n{}')).answer.records;
  expect(answers.map(({ recordId, result }) => `${recordId} ${result}`)).toEqual([
    'record-0 Ok',
    'record-1 Ok',
    'record-2 Ok',
  ]);
});

/** A record with this in place of what Firehose says of a Kinesis stream's. */
const malformed = (recordId: string, of: object | null | undefined) =>
  ({
    recordId,
    data: Buffer.from(recordId).toString('base64'),
    kinesisRecordMetadata: of,
  }) as FirehoseRecord;
const at = eventOf('').records[0]!.kinesisRecordMetadata!;

test.each([
  { what: 'no position', of: undefined, reason: /no kinesisRecordMetadata: it is not from a Kinesis stream/ },
  { what: 'null for a position', of: null, reason: /no kinesisRecordMetadata/ },
  { what: 'no shard', of: { ...at, shardId: undefined }, reason: /no shardId/ },
  { what: 'no sequence number', of: { ...at, sequenceNumber: '' }, reason: /sequenceNumber is no number/ },
  { what: 'a sequence that is none', of: { ...at, sequenceNumber: 'LATEST' }, reason: /number: LATEST/ },
  {
    what: 'no arrival',
    of: { ...at, approximateArrivalTimestamp: undefined },
    reason: /approximateArrivalTimestamp is no time/,
  },
])('a record with $what fails alone, with its data as it came', ({ of, reason }) => {
  const [good, other] = eventOf('{"a":1}', '{"a":2}').records;
  const bad = malformed('bad', of);
  const { answer, failures } = toArchiveRows({ records: [good!, bad, other!] });
  expect(answer.records).toEqual([
    ...toArchiveRows({ records: [good!] }).answer.records,
    { recordId: 'bad', result: 'ProcessingFailed', data: bad.data },
    ...toArchiveRows({ records: [other!] }).answer.records,
  ]);
  expect(failures).toEqual([{ recordId: 'bad', reason: expect.stringMatching(reason) }]);
});

test('a record without data fails alone', () => {
  const [good] = eventOf('{}').records;
  const { answer } = toArchiveRows({ records: [{ recordId: 'bad', data: undefined as never }, good!] });
  expect(answer.records.map(({ result }) => result)).toEqual(['ProcessingFailed', 'Ok']);
});

test('a batch of bad records is answered, each of them as failed', () => {
  const records = [malformed('a', undefined), malformed('b', {}), malformed('c', null)];
  const { answer, failures } = toArchiveRows({ records });
  expect(answer.records).toEqual(
    records.map(({ recordId, data }) => ({ recordId, result: 'ProcessingFailed', data })),
  );
  expect(failures.map(({ recordId }) => recordId)).toEqual(['a', 'b', 'c']);
});
