import { unappliedConformance } from '../conformance/unapplied.ts';
import { createMemoryUnapplied } from './memory-unapplied.ts';

unappliedConformance('in memory', async () => {
  const events = new Map();
  return {
    adapter: createMemoryUnapplied(undefined, events),
    reopen: async () => createMemoryUnapplied(undefined, events),
    dispose: async () => {},
  };
});
