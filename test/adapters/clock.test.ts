import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/clock.ts';
import { clockConformance } from '../conformance/clock.ts';

clockConformance('system', async () => ({ adapter: systemClock }));

test('the system clock tells the time', () => {
  const before = Date.now();
  const now = systemClock.now();
  expect(now).toBeGreaterThanOrEqual(before);
  expect(now).toBeLessThanOrEqual(Date.now());
});
