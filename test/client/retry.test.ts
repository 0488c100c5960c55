import { expect, test } from 'vitest';
import { ConnectionError } from '../../lib/client/errors.ts';
import { RequestRefusedError } from '../../lib/client/index.ts';
import { backoff, deadlineIn, withRetries } from '../../lib/client/retry.ts';

test('pauses grow to 5 s, and are anything below that', () => {
  expect([1, 2, 3, 7, 20].map(tries => backoff(tries, () => 1))).toEqual([100, 200, 400, 5_000, 5_000]);
  expect(backoff(3, () => 0)).toBe(0);
  expect(backoff(3, () => 0.5)).toBe(200);
});

test('a service that says when is not asked before', async () => {
  const times: number[] = [];
  const answer = await withRetries(
    { service: 'it', deadline: deadlineIn(10_000), random: () => 0 },
    async () => {
      times.push(performance.now());
      if (times.length < 3)
        throw new RequestRefusedError('busy', { code: 'behind', status: 429, retryAfterMs: 40 });
      return 'done';
    },
  );
  expect(answer).toBe('done');
  // Timers may fire a fraction of a millisecond early.
  expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(39);
  expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(39);
});

test('a pause that ends after the deadline is not begun', async () => {
  const started = performance.now();
  const refused = new RequestRefusedError('busy', { code: 'behind', status: 429, retryAfterMs: 60_000 });
  await expect(
    withRetries({ service: 'it', deadline: deadlineIn(30_000) }, () => Promise.reject(refused)),
  ).rejects.toMatchObject({ name: 'DeadlineError', tries: 1, deadlineMs: 30_000, cause: refused });
  expect(performance.now() - started).toBeLessThan(30_000);
});

test('what is nobody’s answer is thrown as it is', async () => {
  const mistake = new TypeError('a mistake');
  await expect(
    withRetries({ service: 'it', deadline: deadlineIn(10_000) }, () => Promise.reject(mistake)),
  ).rejects.toBe(mistake);
});

test('a last try that comes to nothing does not hide that there was no service', async () => {
  const refused = new ConnectionError('no answer', { cause: new Error('ECONNREFUSED') });
  let tries = 0;
  const call = withRetries({ service: 'it', deadline: deadlineIn(500), random: () => 0 }, signal => {
    if (++tries === 1) return Promise.reject(refused);
    return new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  await expect(call).rejects.toMatchObject({ name: 'ServiceUnreachableError', cause: refused });
  expect(tries).toBe(2);
});
