import { setImmediate } from 'node:timers/promises';
import type { StateStore } from '../runtime/ports.ts';

/**
 * A state store after each of whose writes all that waits in the event loop has its turn: a transform of thousands of
 * events into several tables then holds requests up for one table at a time.
 */
export const givingTurns = (store: StateStore): StateStore => ({
  ...store,
  async write(table, writes) {
    const outcomes = await store.write(table, writes);
    await setImmediate();
    return outcomes;
  },
});
