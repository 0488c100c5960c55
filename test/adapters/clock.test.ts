import { expect, test } from 'vitest';
import { createReplayClock, systemClock } from '../../lib/adapters/clock.ts';
import { clockConformance } from '../conformance/clock.ts';

clockConformance('system', async () => ({ adapter: systemClock }));
clockConformance('replay', async () => {
  const clock = createReplayClock(1_000);
  return { adapter: clock, advanceTo: clock.advanceTo };
});

test('the system clock tells the time', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
});
