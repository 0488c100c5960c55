import { describe, expect, test } from 'vitest';
import { StoreError } from '../../lib/runtime/errors.ts';
import type { StateStore } from '../../lib/runtime/ports.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { createMemoryQuarantine } from '../support/memory-quarantine.ts';
import { createMemory, createMemoryStateStore } from '../support/memory-state-store.ts';
import { createMemoryUnapplied } from '../support/memory-unapplied.ts';
import { plan } from '../support/visits.ts';

/** A store may say of how many rows it is best read and written at once. */

const start = Date.UTC(2024, 4, 1, 12);
const users = ['u1', 'u2', 'u3', 'u4', 'u5'];
const records = users.map((user, i) => ({
  shard: 'a',
  sequence: i + 1,
  arrivalTime: start,
  data: Buffer.from(JSON.stringify({ id: `v${i}`, user, ts: start })),
}));

function createWorld(part: (store: StateStore, calls: string[]) => Partial<StateStore> = () => ({})) {
  const memory = createMemory();
  const direct = createMemoryStateStore({}, memory);
  const calls: string[] = [];
  const store: StateStore = {
    ...direct,
    rowsAtOnce: 2,
    read(table, keys) {
      calls.push(`read ${keys.join()}`);
      return direct.read(table, keys);
    },
    write(table, writes) {
      calls.push(`write ${writes.map(write => write.key).join()}`);
      return direct.write(table, writes);
    },
    ...part(direct, calls),
  };
  const transform = createTransform({
    plan,
    stream: 'pages',
    incarnation: 'pages-1',
    store,
    quarantine: createMemoryQuarantine(),
    unapplied: createMemoryUnapplied(),
    clock: { now: () => start },
  });
  return { direct, calls, transform };
}

describe('a pass over more rows than the store takes at once', () => {
  test('reads and writes them piece by piece', async () => {
    const { calls, transform } = createWorld();
    const { failures } = await transform({ shard: 'a', records });
    expect(failures).toEqual([]);
    const keys = ['u1,u2', 'u3,u4', 'u5'];
    expect(calls.filter(call => call.startsWith('read'))).toEqual(keys.map(some => `read ${some}`));
    expect(calls).toEqual(keys.flatMap(some => [`read ${some}`, `write ${some}`]));
  });

  test('fails the rows from the piece on that the store cannot take, and keeps those before it', async () => {
    const { direct, transform } = createWorld((store, calls) => ({
      async write(table, writes) {
        calls.push(`write ${writes.length}`);
        if (writes.some(write => write.key === 'u3')) throw new StoreError('unavailable', 'not now');
        return store.write(table, writes);
      },
    }));
    const { failures, error } = await transform({ shard: 'a', records });
    expect(failures).toEqual([3, 4, 5]);
    expect(error?.message).toContain('not now');
    const rows = await direct.read('visits@1', users);
    expect(rows.map(row => row !== null)).toEqual([true, true, false, false, false]);
    expect((await direct.readProgress('pages-1')).get('a')?.sequence).toBe(2);
  });
});
