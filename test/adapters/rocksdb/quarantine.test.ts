import { expect, test } from 'vitest';
import { createQuarantine } from '../../../lib/adapters/rocksdb/quarantine.ts';
import type { QuarantinedEvent } from '../../../lib/runtime/ports.ts';
import { rocksdbSubject } from './support.ts';

const event = (sequence: number, arrivalTime: number): QuarantinedEvent => ({
  stream: 'clicks',
  position: { shard: 'shard-000', sequence, index: 0 },
  arrivalTime,
  reason: 'late',
  detail: 'too late',
  payload: Buffer.from('{}'),
});

test('the id is the position as text', async () => {
  const subject = await rocksdbSubject(createQuarantine);
  await subject.adapter.put([{ ...event(7, 0), position: { shard: 'a/b', sequence: 7n, index: 2 } }]);
  expect((await subject.adapter.get('clicks/a%2Fb/7/2'))?.position).toEqual({
    shard: 'a/b',
    sequence: 7n,
    index: 2,
  });
  await subject.dispose();
});

test('removes what arrived before a time, and counts on', async () => {
  const subject = await rocksdbSubject(createQuarantine);
  await subject.adapter.put([event(1, 1_000), event(2, 2_000), event(3, 3_000)]);
  expect(await subject.adapter.removeBefore(2_000)).toBe(1);
  expect(await subject.adapter.removeBefore(2_000)).toBe(0);
  expect((await subject.adapter.list({ limit: 10 })).map(e => e.position.sequence)).toEqual([2, 3]);
  expect(await subject.adapter.count()).toEqual(new Map([['late', 2]]));
  const again = await subject.reopen();
  expect(await again.count()).toEqual(new Map([['late', 2]]));
  await subject.dispose();
});

test('an entry that cannot be read is corrupt', async () => {
  const subject = await rocksdbSubject(createQuarantine);
  await subject.adapter.put([event(1, 1_000)]);
  const { database } = subject.directory();
  const { key } = database.iterate('quarantine', { gte: Buffer.of(0), lt: Buffer.of(0xff) }).next().value!;
  database.write(batch => batch.put('quarantine', key, Buffer.from('garbage')));
  await expect(subject.adapter.list({ limit: 1 })).rejects.toMatchObject({
    name: 'StoreError',
    reason: 'corrupt',
  });
  await subject.dispose();
});
