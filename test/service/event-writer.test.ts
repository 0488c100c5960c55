import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { createEventWriter } from '../../lib/service/event-writer.ts';
import { retrySeconds } from '../../lib/service/limits.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

const events = [{ partitionKey: 'a', data: Buffer.from('{}') }];
const record: LogRecord = { shard: 'a', sequence: 1, arrivalTime: 0, data: events[0]!.data };

test('a failed append is told until one succeeds, or clients may try again', async () => {
  const noSpace = new Error('no space');
  let isFull = true;
  const writer = createEventWriter(
    { append: () => (isFull ? Promise.reject(noSpace) : Promise.resolve([record])) },
    () => {},
  );
  expect(writer.error()).toBeNull();
  await expect(writer.append(events)).rejects.toBe(noSpace);
  expect(writer.error()).toBe(noSpace);
  vi.advanceTimersByTime(retrySeconds * 1_000 - 1);
  expect(writer.error()).toBe(noSpace);
  vi.advanceTimersByTime(1);
  expect(writer.error()).toBeNull();

  await expect(writer.append(events)).rejects.toBe(noSpace);
  isFull = false;
  expect(await writer.append(events)).toEqual([record]);
  expect(writer.error()).toBeNull();
});
