import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLogTail } from '../../../lib/adapters/rocksdb/log-tail.ts';

const record = (sequence: number, bytes = 10) => ({
  shard: 'shard-000',
  sequence,
  arrivalTime: 0,
  data: Buffer.alloc(bytes),
});
const sequences = (records: readonly { sequence: number | bigint }[] | null) => records?.map(r => r.sequence);

test('answers with what the log has there, or not at all', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 3_000 }) }) },
    {
      weight: 5,
      arbitrary: fc.record({ readAt: fc.double({ min: 0, max: 1, noNaN: true }), limit: fc.nat(2_000) }),
    },
    { weight: 1, arbitrary: fc.record({ gap: fc.integer({ min: 1, max: 5 }) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), steps => {
      const tail = createLogTail(500_000);
      let log: number[] = [];
      let last = 0;
      for (const one of steps) {
        if ('push' in one) {
          for (let i = 0; i < one.push; i++) {
            log.push(++last);
            tail.push(record(last));
          }
        } else if ('gap' in one) {
          // A failed append: sequence numbers are lost, and the tail with them.
          tail.clear();
          last += one.gap;
        } else {
          const first = Math.floor(one.readAt * last) + 1;
          const found = sequences(tail.read(first, one.limit));
          const stored = log.filter(sequence => sequence >= first).slice(0, one.limit);
          if (found !== undefined) expect(found).toEqual(stored);
          // As a follower reads: what lies below is not asked for again.
          log = log.filter(sequence => sequence >= first);
        }
      }
    }),
  );
});

test('keeps the newest within its bytes', () => {
  const tail = createLogTail(10_000);
  for (let sequence = 1; sequence <= 100; sequence++) tail.push(record(sequence, 850));
  expect(tail.read(90, 100)).toBeNull();
  expect(sequences(tail.read(91, 3))).toEqual([91, 92, 93]);
});

test('forgets what lies below the last read', () => {
  const tail = createLogTail(10_000);
  for (let sequence = 1; sequence <= 5; sequence++) tail.push(record(sequence));
  expect(sequences(tail.read(4, 1))).toEqual([4]);
  expect(tail.read(3, 1)).toBeNull();
  expect(sequences(tail.read(5, 10))).toEqual([5]);
});
