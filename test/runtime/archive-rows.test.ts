import { expect, test } from 'vitest';
import { type FirehoseEvent, toArchiveRows } from '../../lib/runtime/archive-rows.ts';
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
  toArchiveRows(event).records.map(({ recordId, result, data }) => ({
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
  const answers = toArchiveRows(eventOf('{}', 'x', '{}\n{}')).records;
  expect(answers.map(({ recordId, result }) => `${recordId} ${result}`)).toEqual([
    'record-0 Ok',
    'record-1 Ok',
    'record-2 Ok',
  ]);
});
