import { describe, expect, test } from 'vitest';
import type { Clock } from '../../lib/runtime/ports.ts';

/** `advanceTo` moves the clock, where that can be done. */
export function clockConformance(
  name: string,
  make: () => Promise<{ readonly adapter: Clock; readonly advanceTo?: (time: number) => void }>,
): void {
  describe(`clock: ${name}`, () => {
    test('tells whole milliseconds that can be a date, never less than before', async () => {
      const { adapter } = await make();
      const first = adapter.now();
      expect(Number.isSafeInteger(first)).toBe(true);
      expect(new Date(first).getTime()).toBe(first);
      expect(adapter.now()).toBeGreaterThanOrEqual(first);
    });

    test('goes forward when moved, and never back', async ({ skip }) => {
      const { adapter, advanceTo } = await make();
      if (advanceTo === undefined) return skip();
      const start = adapter.now();
      const seen = [start + 10, start + 5, start + 10, start - 1, start + 11].map(time => {
        advanceTo(time);
        return adapter.now();
      });
      expect(seen).toEqual([start + 10, start + 10, start + 10, start + 10, start + 11]);
    });
  });
}
