import { expect, test } from 'vitest';
import { createArchiveFunction } from '../../functions/archive/index.ts';
import { lambdaEnvironment } from './environment.ts';

const good = {
  recordId: 'good',
  data: Buffer.from('{}').toString('base64'),
  kinesisRecordMetadata: {
    shardId: 'shardId-000000000000',
    sequenceNumber: '49590338271490256608559692538361571095921575989136588898',
    approximateArrivalTimestamp: 1_790_000_000_123,
  },
};

test('records that cannot be archived are answered as failed, and their reasons are in the log', async () => {
  const { lines } = lambdaEnvironment({});
  const archive = createArchiveFunction();
  const deliveryStreamArn = 'arn:aws:firehose:eu-central-1:111122223333:deliverystream/plays';
  const bad = Array.from({ length: 12 }, (_, i) => ({ recordId: `bad ${i}`, data: 'e30=' }));
  const { records } = await archive({ deliveryStreamArn, records: [good, ...bad] });
  expect(records.map(({ result }) => result)).toEqual(['Ok', ...bad.map(() => 'ProcessingFailed')]);
  expect(lines).toEqual([
    expect.objectContaining({ level: 'ERROR', delivery: deliveryStreamArn, failed: 12, of: 13 }),
  ]);
  expect(lines[0]!.first).toHaveLength(10);
  expect(lines[0]!.first).toContainEqual({
    recordId: 'bad 0',
    reason: 'it has no kinesisRecordMetadata: it is not from a Kinesis stream',
  });
});

test('where all can be archived nothing is said', async () => {
  const { lines } = lambdaEnvironment({});
  const { records } = await createArchiveFunction()({ records: [good] });
  expect(records).toEqual([expect.objectContaining({ recordId: 'good', result: 'Ok' })]);
  expect(lines).toEqual([]);
});
