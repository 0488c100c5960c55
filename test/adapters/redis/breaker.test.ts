import { expect, test } from 'vitest';
import { createBreaker } from '../../../lib/adapters/redis/breaker.ts';

function broken() {
  let time = 0;
  const breaker = createBreaker({ failures: 3, openMs: 100, now: () => time });
  const to = (ms: number): void => {
    time = ms;
  };
  return { breaker, to };
}

const fail = (breaker: ReturnType<typeof createBreaker>): void => {
  expect(breaker.enter()).toBe(true);
  breaker.failed();
};

test('opens after failures in a row, which a success interrupts', () => {
  const { breaker } = broken();
  fail(breaker);
  fail(breaker);
  breaker.succeeded();
  fail(breaker);
  fail(breaker);
  expect(breaker.isOpen).toBe(false);
  fail(breaker);
  expect(breaker.isOpen).toBe(true);
  expect(breaker.enter()).toBe(false);
});

test('lets one through when its time is over, and closes when that one succeeds', () => {
  const { breaker, to } = broken();
  for (let i = 0; i < 3; i++) fail(breaker);
  to(99);
  expect(breaker.enter()).toBe(false);
  to(100);
  expect([breaker.enter(), breaker.enter()]).toEqual([true, false]);
  breaker.succeeded();
  expect([breaker.isOpen, breaker.enter(), breaker.enter()]).toEqual([false, true, true]);
});

test('stays open for as long again when that one fails', () => {
  const { breaker, to } = broken();
  for (let i = 0; i < 3; i++) fail(breaker);
  to(100);
  fail(breaker);
  to(199);
  expect(breaker.enter()).toBe(false);
  to(200);
  expect(breaker.enter()).toBe(true);
});
