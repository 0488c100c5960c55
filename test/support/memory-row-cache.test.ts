import { rowCacheConformance } from '../conformance/row-cache.ts';
import { createMemoryRowCache } from './memory-row-cache.ts';

rowCacheConformance('in memory', async () => ({
  cache: createMemoryRowCache(10_000, Date.now),
  boundMs: 10_000,
  dispose: async () => {},
}));
