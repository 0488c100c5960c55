import { quarantineConformance } from '../conformance/quarantine.ts';
import { createMemoryQuarantine } from './memory-quarantine.ts';

quarantineConformance('in memory', async () => {
  const events = new Map();
  return {
    adapter: createMemoryQuarantine(undefined, events),
    reopen: async () => createMemoryQuarantine(undefined, events),
    dispose: async () => {},
  };
});
