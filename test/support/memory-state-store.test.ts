import { describe, expect, test } from 'vitest';
import { stateStoreConformance } from '../conformance/state-store.ts';
import { createMemory, createMemoryStateStore } from './memory-state-store.ts';

stateStoreConformance('in memory', async () => {
  const memory = createMemory();
  return {
    adapter: createMemoryStateStore({}, memory),
    reopen: async () => createMemoryStateStore({}, memory),
    dispose: async () => {},
  };
});

describe('a fault', () => {
  const write = { key: 'a', expected: 0, version: 1, bytes: Uint8Array.of(1) };

  test.each([
    { fault: 'conflict', outcome: 'conflict', stored: false },
    { fault: 'throttled', outcome: 'throttled', stored: false },
    { fault: 'failed', outcome: 'failed', stored: false },
    { fault: 'failed after writing', outcome: 'failed', stored: true },
    { fault: null, outcome: 'written', stored: true },
  ] as const)('$fault: reports $outcome, row stored: $stored', async ({ fault, outcome, stored }) => {
    const store = createMemoryStateStore({ fault: () => fault });
    expect(await store.write('t', [write])).toEqual([outcome]);
    expect((await store.read('t', ['a']))[0] !== null).toBe(stored);
  });
});

test('keys to read that are repeated are refused, as DynamoDB refuses them', async () => {
  const store = createMemoryStateStore();
  await expect(store.read('t', ['a', 'b', 'a'])).rejects.toThrow('table t: keys to read are repeated');
});
