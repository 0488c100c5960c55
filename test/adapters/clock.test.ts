import { expect, test } from 'vitest';
import { systemClock } from '../../lib/adapters/clock.ts';
import { clockConformance } from '../conformance/clock.ts';

clockConformance('system', async () => ({ adapter: systemClock }));

test('the system clock tells the time', () => {
  expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
});
