import { expect, test } from 'vitest';
import { createAdaptiveLimit } from '../../../lib/adapters/dynamodb/adaptive-limit.ts';

const settled = () => new Promise(resolve => setImmediate(resolve));

/** Tasks that end when they are told to, and the most of them that ran at once. */
function createWork() {
  const running: ((isPressed: boolean) => void)[] = [];
  let most = 0;
  const task = (press: () => void) =>
    new Promise<void>(resolve => {
      running.push(isPressed => {
        if (isPressed) press();
        resolve();
      });
      most = Math.max(most, running.length);
    });
  const end = async (isPressed = false) => {
    running.shift()?.(isPressed);
    await settled();
  };
  return { task, end, running, most: () => most };
}

test('no more tasks run at once than the limit, and all of them run', async () => {
  const limit = createAdaptiveLimit({ start: 3, least: 1, most: 3 });
  const work = createWork();
  const all = Promise.all(Array.from({ length: 10 }, () => limit.run(work.task)));
  await settled();
  for (let i = 0; i < 10; i++) {
    expect(work.running.length).toBeLessThanOrEqual(3);
    await work.end();
  }
  await all;
  expect(work.most()).toBe(3);
});

test('a round that went well makes room for one more, up to the most', async () => {
  const limit = createAdaptiveLimit({ start: 4, least: 1, most: 6 });
  const seen: number[] = [];
  for (let i = 0; i < 30; i++) {
    await limit.run(async () => {});
    seen.push(limit.limit);
  }
  expect(seen[3]).toBe(4);
  expect(seen[4]).toBe(5);
  expect(Math.max(...seen)).toBe(6);
});

test('of tasks turned away together only the first halves the limit', async () => {
  const limit = createAdaptiveLimit({ start: 16, least: 2, most: 16 });
  const work = createWork();
  const all = Promise.all(Array.from({ length: 16 }, () => limit.run(work.task)));
  await settled();
  for (let i = 0; i < 16; i++) await work.end(true);
  await all;
  expect(limit.limit).toBe(8);
});

test('it falls to the least and no lower, and recovers', async () => {
  const limit = createAdaptiveLimit({ start: 16, least: 2, most: 16 });
  for (let i = 0; i < 10; i++) await limit.run(async press => press());
  expect(limit.limit).toBe(2);
  for (let i = 0; i < 10; i++) await limit.run(async () => {});
  expect(limit.limit).toBeGreaterThan(2);
});

test('a task that throws leaves its place', async () => {
  const limit = createAdaptiveLimit({ start: 1, least: 1, most: 1 });
  await expect(limit.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await limit.run(async () => 'yes')).toBe('yes');
});
