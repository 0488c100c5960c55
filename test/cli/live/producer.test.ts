import { describe, expect, test } from 'vitest';
import type { LiveEvent } from '../../../lib/cli/live/example.ts';
import { createDueEvents, produce } from '../../../lib/cli/live/producer.ts';

/** One event every 100 ms, whose bytes say when the events began and which this is. */
function* everyTenth(start: number): Generator<LiveEvent, never> {
  for (let i = 0; ; i++) yield { arrivalTime: start + i * 100, bytes: Buffer.from(`${start} ${i}`) };
}

const textsOf = (events: readonly Uint8Array[]): string[] =>
  events.map(bytes => Buffer.from(bytes).toString());

describe('due events', () => {
  test('are those that have arrived by now, each once and in order', () => {
    const takeDue = createDueEvents(everyTenth, 1_000);
    expect(textsOf(takeDue(999, 10))).toEqual([]);
    expect(textsOf(takeDue(1_100, 10))).toEqual(['1000 0', '1000 1']);
    expect(textsOf(takeDue(1_199, 10))).toEqual([]);
    expect(textsOf(takeDue(1_200, 10))).toEqual(['1000 2']);
  });

  test('beyond what may be taken at once wait for the next time', () => {
    const takeDue = createDueEvents(everyTenth, 0);
    expect(textsOf(takeDue(300, 3))).toEqual(['0 0', '0 1', '0 2']);
    expect(textsOf(takeDue(300, 3))).toEqual(['0 3']);
  });

  test.each([
    ['the machine slept', 3_600_000],
    ['the clock was set back', -3_600_000],
  ])('begin anew when %s', (_, jump) => {
    const takeDue = createDueEvents(everyTenth, 0);
    expect(takeDue(1_000, 100)).toHaveLength(11);
    expect(textsOf(takeDue(jump, 100))).toEqual([`${jump} 0`]);
    expect(textsOf(takeDue(jump + 100, 100))).toEqual([`${jump} 1`]);
  });
});

describe('the producer', () => {
  /** All that arrives within a second, at once. */
  function* thousandASecond(start: number): Generator<LiveEvent, never> {
    for (let i = 0; ; i++)
      yield { arrivalTime: start + Math.floor(i / 1_000) * 1_000, bytes: Buffer.from(String(i)) };
  }

  test('sends as many as it is to, and ends', async () => {
    const sent: string[] = [];
    await produce({
      begin: thousandASecond,
      send: async events => void sent.push(...textsOf(events)),
      most: 700,
      signal: new AbortController().signal,
    });
    expect(sent).toEqual(Array.from({ length: 700 }, (_, i) => String(i)));
  });

  test('ends by the signal once the request in hand is answered', async () => {
    const stop = new AbortController();
    const answer = Promise.withResolvers<void>();
    let requests = 0;
    const produced = produce({
      begin: thousandASecond,
      send() {
        requests++;
        stop.abort();
        return answer.promise;
      },
      signal: stop.signal,
    });
    expect(await Promise.race([produced, new Promise(resolve => setImmediate(resolve, 'waits'))])).toBe(
      'waits',
    );
    answer.resolve();
    await produced;
    expect(requests).toBe(1);
  });

  test('fails when a request does', async () => {
    const produced = produce({
      begin: thousandASecond,
      send: () => Promise.reject(new Error('refused')),
      signal: new AbortController().signal,
    });
    await expect(produced).rejects.toThrow('refused');
  });
});
