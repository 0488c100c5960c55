import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LogAppend, LogRecord } from '../../lib/runtime/ports.ts';
import { createEventWriter } from '../../lib/service/event-writer.ts';
import { retrySeconds } from '../../lib/service/limits.ts';

const event = (text: string): LogAppend => ({ partitionKey: '', data: Buffer.from(text) });
const texts = (events: readonly { readonly data: Uint8Array }[]) =>
  events.map(({ data }) => Buffer.from(data).toString());

/** A log each of whose appends ends when it is told to. */
function start() {
  const appends: { readonly events: readonly LogAppend[]; end(error?: Error): void }[] = [];
  let ends = 0;
  const append = (events: readonly LogAppend[]) =>
    new Promise<readonly LogRecord[]>((resolve, reject) => {
      const records = events.map(({ data }, i) => ({ shard: 's', sequence: i + 1, arrivalTime: 0, data }));
      appends.push({ events, end: error => (error === undefined ? resolve(records) : reject(error)) });
    });
  const appended = async (count: number) => {
    while (appends.length < count) await setImmediate();
  };
  return { writer: createEventWriter({ append }, () => ends++), appends, appended, ends: () => ends };
}

test('what comes while an append is under way goes into the next, and everyone gets their own records', async () => {
  const { writer, appends, appended, ends } = start();
  const first = writer.append([event('1')]);
  await appended(1);
  const others = [writer.append([event('2'), event('3')]), writer.append([]), writer.append([event('4')])];
  await setImmediate();
  expect(writer.pending()).toBe(3);
  expect(appends.map(({ events }) => texts(events))).toEqual([['1']]);
  appends[0]!.end();
  expect(texts(await first)).toEqual(['1']);
  await appended(2);
  expect(appends.map(({ events }) => texts(events))).toEqual([['1'], ['2', '3', '4']]);
  expect(writer.pending()).toBe(0);
  appends[1]!.end();
  expect((await Promise.all(others)).map(texts)).toEqual([['2', '3'], [], ['4']]);
  expect(ends()).toBe(2);
});

test('an append that fails is told to all whose events it had, and the next goes on', async () => {
  const { writer, appends, appended, ends } = start();
  const failing = Promise.allSettled([writer.append([event('1')]), writer.append([event('2')])]);
  await appended(1);
  const next = writer.append([event('3')]);
  appends[0]!.end(new Error('no space left'));
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(ends()).toBe(1);
  await appended(2);
  appends[1]!.end();
  expect(texts(await next)).toEqual(['3']);
});

describe('a failed append', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  const events = [event('{}')];
  const record: LogRecord = { shard: 'a', sequence: 1, arrivalTime: 0, data: events[0]!.data };

  test('is told until one succeeds, or clients may try again', async () => {
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
});
