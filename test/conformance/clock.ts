import { describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/runtime/ports.ts';

export function clockConformance(name: string, make: () => Promise<{ readonly adapter: Clock }>): void {
  describe(`clock: ${name}`, () => {
    test('tells whole milliseconds that can be a date, never less than before', async () => {
      const { adapter } = await make();
      const first = adapter.now();
      expect(Number.isSafeInteger(first)).toBe(true);
      expect(new Date(first).getTime()).toBe(first);
      expect(adapter.now()).toBeGreaterThanOrEqual(first);
    });

    test('waits about as long as it is asked to, if it waits at all', async () => {
      const { adapter } = await make();
      const from = adapter.now();
      await adapter.wait?.(20);
      // Timers and dates round on their own.
      if (adapter.wait !== undefined) expect(adapter.now() - from).toBeGreaterThanOrEqual(18);
    });
  });
}
