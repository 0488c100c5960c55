import { expect, test } from 'vitest';
import type { EventLog, LogAppend, QuarantinedEvent } from '../../lib/runtime/ports.ts';
import { redrive, redriveRemotely } from '../../lib/runtime/redrive.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';

const stream = { name: 'plays', key: ['user'] } as unknown as Parameters<typeof redrive>[0]['stream'];

const bad = (sequence: number, rest: Partial<QuarantinedEvent> = {}): QuarantinedEvent => ({
  stream: 'plays',
  position: { shard: 'a', sequence, index: 0 },
  arrivalTime: 0,
  reason: 'schema',
  detail: 'no',
  payload: Buffer.from(`{"user":"u${sequence}"}`),
  ...rest,
});

/** A log that only remembers what was appended, and the last checkpoint with it. */
async function setUp(events: readonly QuarantinedEvent[]) {
  const quarantine = createMemoryQuarantine();
  await quarantine.put(events);
  const appended: LogAppend[] = [];
  let checkpoint: string | null = null;
  const log = {
    append: async (
      batch: readonly LogAppend[],
      { checkpoint: given }: { checkpoint?: { state: string } } = {},
    ) => {
      appended.push(...batch);
      checkpoint = given?.state ?? checkpoint;
      return [];
    },
    readCheckpoint: async () => checkpoint,
  } as unknown as EventLog;
  const left = async () => (await quarantine.list({ limit: 10_000 })).map(e => Number(e.position.sequence));
  const texts = () => appended.map(({ data }) => Buffer.from(data).toString());
  return { quarantine, log, appended, left, texts };
}

test('puts the chosen events in once, byte for byte, and takes them out', async () => {
  const { quarantine, log, appended, left, texts } = await setUp([
    bad(1),
    bad(2, { reason: 'late' }),
    bad(3, { payload: Buffer.from('{no json') }),
    bad(4, { stream: 'clicks' }),
  ]);
  expect(await redrive({ stream, log, quarantine, reason: 'schema' })).toBe(2);
  expect(texts()).toEqual(['{"user":"u1"}', '{no json']);
  expect(appended.map(event => event.partitionKey)).toEqual(['u1', '']);
  expect((await left()).sort()).toEqual([2, 4]);
  expect(await redrive({ stream, log, quarantine, reason: 'schema' })).toBe(0);
});

test('by ids leaves those of other streams, and unknown ones, alone', async () => {
  const { quarantine, log, left } = await setUp([bad(1), bad(2), bad(3, { stream: 'clicks' })]);
  const ids = ['plays/a/1/0', 'plays/a/1/0', 'clicks/a/3/0', 'plays/a/9/0', ''];
  expect(await redrive({ stream, log, quarantine, ids })).toBe(1);
  expect((await left()).sort()).toEqual([2, 3]);
});

test('many go in batches', async () => {
  const { quarantine, log, appended, left } = await setUp(Array.from({ length: 2_500 }, (_, i) => bad(i)));
  expect(await redrive({ stream, log, quarantine })).toBe(2_500);
  expect(appended).toHaveLength(2_500);
  expect(await left()).toEqual([]);
});

test('none goes in twice, though it ended between putting in and taking out', async () => {
  const { quarantine, log, left, texts } = await setUp([bad(1), bad(2)]);
  const dying = { ...quarantine, remove: () => Promise.reject(new Error('killed')) };
  await expect(redrive({ stream, log, quarantine: dying })).rejects.toThrow('killed');
  await quarantine.put([bad(3)]);
  expect(await redrive({ stream, log, quarantine })).toBe(1);
  expect(texts()).toEqual(['{"user":"u1"}', '{"user":"u2"}', '{"user":"u3"}']);
  expect(await left()).toEqual([]);
});

test('into a stream elsewhere: what was not stored stays in quarantine', async () => {
  const { quarantine, left } = await setUp([bad(1), bad(2), bad(3), bad(4, { reason: 'late' })]);
  const sent: string[] = [];
  const send = async (events: readonly LogAppend[]) =>
    events.map(({ partitionKey }) => {
      sent.push(partitionKey);
      return partitionKey !== 'u2';
    });
  expect(await redriveRemotely({ stream, quarantine, send, reason: 'schema' })).toEqual({
    redriven: 2,
    failed: 1,
  });
  expect(sent).toEqual(['u1', 'u2', 'u3']);
  expect((await left()).sort()).toEqual([2, 4]);
});
