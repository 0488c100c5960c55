import { leaseStoreConformance } from '../conformance/lease-store.ts';
import { createMemoryLeases } from './memory-leases.ts';

leaseStoreConformance('memory', async () => {
  const memory = new Map();
  return {
    adapter: createMemoryLeases(memory),
    reopen: async () => createMemoryLeases(memory),
    dispose: async () => {},
  };
});
