import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKinesisProducer } from '../../../lib/adapters/kinesis/producer.ts';
import { createKinesisSource, describeKinesisStream } from '../../../lib/adapters/kinesis/shard-source.ts';
import { StoreError } from '../../../lib/runtime/errors.ts';
import type { LogRecord } from '../../../lib/runtime/ports.ts';
import type { ShardReader, ShardSource } from '../../../lib/runtime/worker/ports.ts';
import { type KinesisServer, startKinesisServer } from '../../support/kinesis-server.ts';

let server: KinesisServer;
let source: ShardSource;
beforeEach(async () => {
  server = await startKinesisServer({ shards: 1, pageSize: 2 });
  source = createKinesisSource({ client: server.client, streamName: 'plays' });
});
afterEach(() => server.close());

const shard = 'shardId-000000000000';

/** Puts events that are too large to share a record. */
async function put(count: number): Promise<void> {
  const producer = createKinesisProducer({ client: server.client, streamName: 'plays' });
  const events = Array.from({ length: count }, (_, n) => ({
    partitionKey: `k${n}`,
    data: Buffer.alloc(40_000, `${n}`),
  }));
  await producer.append(events);
}

const seen = ({ sequence, data, arrivalTime }: LogRecord) => [
  sequence,
  Buffer.from(data).length,
  arrivalTime,
];
const stored = () => server.stored.get(shard)!;

async function readAll(reader: ShardReader, limit: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for (;;) {
    const page = await reader.read(limit);
    expect(page.records.length).toBeLessThanOrEqual(limit);
    records.push(...page.records);
    if (page.behindMs === 0) return records;
  }
}

test('it reads from the oldest record, or after the one that is named, and on as more come', async () => {
  await put(8);
  const total = stored().length;
  expect(total).toBeGreaterThan(3);
  const reader = source.open(shard, null);
  expect((await readAll(reader, 2)).map(seen)).toEqual(stored().map(seen));
  expect(await reader.read(2)).toEqual({ records: [], behindMs: 0, isEnd: false });
  await put(4);
  expect((await readAll(reader, 100)).map(seen)).toEqual(stored().slice(total).map(seen));
  const later = source.open(shard, stored()[1]!.sequence);
  expect((await readAll(later, 100)).map(seen)).toEqual(stored().slice(2).map(seen));
});

test('an iterator that expired is no error, and no record is missed or given twice', async () => {
  await put(8);
  const reader = source.open(shard, null);
  const { records } = await reader.read(2);
  server.expireIterators();
  expect([...records, ...(await readAll(reader, 2))].map(seen)).toEqual(stored().map(seen));
});

test('shards know what they were made of, over all pages; a closed one says when it is at its end', async () => {
  await put(8);
  server.split(shard);
  server.merge('shardId-000000000001', 'shardId-000000000002');
  expect(await source.shards()).toEqual([
    { id: shard, parents: [] },
    { id: 'shardId-000000000001', parents: [shard] },
    { id: 'shardId-000000000002', parents: [shard] },
    { id: 'shardId-000000000003', parents: ['shardId-000000000001', 'shardId-000000000002'] },
  ]);
  const reader = source.open(shard, null);
  const first = await reader.read(2);
  expect([first.isEnd, first.behindMs > 0]).toEqual([false, true]);
  const rest = await reader.read(100);
  expect([first.records.length + rest.records.length, rest.isEnd]).toEqual([stored().length, true]);
  expect(await reader.read(100)).toEqual({ records: [], behindMs: 0, isEnd: true });
  expect(await source.open('shardId-000000000001', null).read(1)).toMatchObject({ records: [], isEnd: true });
});

describe('a read that fails', () => {
  test.each([
    ['ProvisionedThroughputExceededException', 400, 'throttled', /Kinesis: Provisioned/],
    ['InternalFailure', 500, 'unavailable', /InternalFailure/],
    ['AccessDeniedException', 400, 'unavailable', /will not help.*role/],
  ])('for %s says so, and the next gives the same records', async (type, status, reason, message) => {
    await put(4);
    const reader = source.open(shard, null);
    server.fault = (operation, number) =>
      operation === 'GetRecords' && number === 0 ? { kind: 'status', status, type } : null;
    const error = await reader.read(100).catch(e => e);
    expect(error).toBeInstanceOf(StoreError);
    expect(error.reason).toBe(reason);
    expect(error.message).toMatch(message);
    expect(error.message).toContain('plays');
    expect((await readAll(reader, 100)).map(seen)).toEqual(stored().map(seen));
  });

  test('for want of an answer is given up', async () => {
    const impatient = createKinesisSource({ client: server.client, streamName: 'plays', timeoutMs: 300 });
    server.fault = () => ({ kind: 'silent' });
    await expect(impatient.open(shard, null).read(1)).rejects.toThrow(StoreError);
    await expect(impatient.shards()).rejects.toThrow(StoreError);
    server.fault = () => null;
    expect(await source.shards()).toHaveLength(1);
  });
});

test("a stream's life is named by when it was made; it says how long it keeps records", async () => {
  expect(await describeKinesisStream({ client: server.client, streamName: 'plays' })).toEqual({
    life: 'plays@2026-01-01T00:00:00Z',
    retentionMs: 24 * 3_600_000,
  });
});
