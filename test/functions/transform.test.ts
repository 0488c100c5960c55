import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTransformFunction } from '../../functions/transform/index.ts';
import { createS3Quarantine } from '../../lib/adapters/s3/quarantine.ts';
import { definitions } from '../../lib/define/index.ts';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { KinesisEvent } from '../../lib/runtime/kinesis-batch.ts';
import { aggregate } from '../support/kpl.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';
import { now, playText, userPlays } from '../support/plays.ts';
import { type S3Server, startS3Server } from '../support/s3-server.ts';
import { lambdaEnvironment } from './environment.ts';
import { memoryState } from './memory-state.ts';

const defined = definitions({ groups: [userPlays] });
const environment = { MILLRACE_STREAM: 'plays', MILLRACE_INCARNATION: 'plays-1', MILLRACE_BUCKET: 'lake' };

let server: S3Server;
let lines: readonly Record<string, unknown>[];
beforeEach(async () => {
  server = await startS3Server({ pageSize: 1_000 });
  ({ lines } = lambdaEnvironment({ S3: server.endpoint }));
});
afterEach(() => server.close());

const eventOf = (...data: readonly (string | Uint8Array)[]): KinesisEvent => ({
  Records: data.map((one, i) => ({
    eventID: `shardId-000000000000:${i + 1}`,
    kinesis: {
      sequenceNumber: `${i + 1}`,
      approximateArrivalTimestamp: now / 1000,
      data: Buffer.from(one).toString('base64'),
    },
  })),
});

test('good events of every packing are folded, bad ones are objects in the bucket, and both are counted', async () => {
  const handler = createTransformFunction(defined, environment, await memoryState(defined.plan));
  const packed = `${playText()}\n${playText()}`;
  const kpl = aggregate([{ data: Buffer.from(playText()) }, { data: Buffer.from('bad') }]);
  const event = eventOf(playText(), packed, kpl, Buffer.of(255));
  expect(await handler(event)).toEqual({ batchItemFailures: [] });
  const quarantine = createS3Quarantine({ client: server.client, bucket: 'lake', prefix: 'quarantine/' });
  const listed = await quarantine.list({ limit: 9 });
  expect(listed.map(({ position: p, reason }) => [p.sequence, p.index, reason])).toEqual([
    [3n, 1, 'not-json'],
    [4n, 0, 'bad-encoding'],
  ]);
  expect(lines).toEqual([expect.objectContaining({ stream: 'plays', EventsFolded: 4, EventsBad: 2 })]);
});

test('where the bucket cannot be written the records are given again', async () => {
  server.fault = () => ({ status: 403, code: 'AccessDenied' });
  const handler = createTransformFunction(defined, environment, await memoryState(defined.plan));
  expect((await handler(eventOf('bad', playText()))).batchItemFailures).toHaveLength(2);
  expect(lines).toEqual([
    expect.objectContaining({ stream: 'plays', BatchesFailed: 1 }),
    expect.objectContaining({ level: 'ERROR', message: 'nothing of a batch could be done' }),
  ]);
  server.fault = () => null;
  expect(await handler(eventOf('bad', playText()))).toEqual({ batchItemFailures: [] });
  expect(server.objects.size).toBe(1);
});

test('rows that could not be written are counted, and the reason is logged', async () => {
  const store = {
    ...createMemoryStateStore(),
    write: () => Promise.reject(new StoreError('throttled', 'too fast')),
  };
  const handler = createTransformFunction(defined, environment, await memoryState(defined.plan, store));
  expect((await handler(eventOf(playText()))).batchItemFailures).toEqual([{ itemIdentifier: '1' }]);
  expect(lines.map(line => [line.EventsUnsettled, line.message])).toEqual([
    [1, undefined],
    [undefined, 'rows could not be written'],
  ]);
});

test.each(Object.keys(environment))('without %s it does not start', async name => {
  const state = await memoryState(defined.plan);
  expect(() => createTransformFunction(defined, { ...environment, [name]: '' }, state)).toThrow(
    `${name} is not set`,
  );
});
