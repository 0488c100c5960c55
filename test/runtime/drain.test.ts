import { describe, expect, test } from 'vitest';
import { createDrain } from '../../lib/runtime/drain.ts';
import type { EventLog } from '../../lib/runtime/ports.ts';
import { noCounts, type Transform } from '../../lib/runtime/transform-result.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';

/** A log of `length` records a shard, and a record of what was asked of it. */
function createLog(length: number, shards = ['a', 'b']) {
  const log: EventLog = {
    incarnation: 'visits-1',
    shards,
    append: async () => [],
    read: async (shard, after, limit) => {
      const first = Number(after ?? 0) + 1;
      const count = Math.max(0, Math.min(limit, length - first + 1));
      return Array.from({ length: count }, (_, i) => ({
        shard,
        sequence: first + i,
        arrivalTime: 0,
        data: Buffer.from('{}'),
      }));
    },
    readCheckpoint: async () => null,
    truncate: async () => {},
  };
  return log;
}

function setUp(length: number, fail: (shard: string, first: number, call: number) => number = () => 0) {
  const log = createLog(length);
  const store = createMemoryStateStore();
  const batches: string[] = [];
  const transform: Transform = async ({ shard, records }) => {
    const first = Number(records[0]!.sequence);
    batches.push(`${shard}${first}-${records.at(-1)!.sequence}`);
    const failed = fail(shard, first, batches.length);
    const through = Number(records.at(-1)!.sequence) - failed;
    if (through >= first)
      await store.advanceProgress(log.incarnation, shard, { sequence: through, index: 0 });
    const failures = records.slice(records.length - failed).map(r => r.sequence);
    return { ...noCounts, accepted: records.length - failed, failed, copies: 0, failures, error: null };
  };
  const newDrain = () => createDrain({ stream: 'visits', log, store, transform, batchRecords: 4 });
  return { newDrain, batches };
}

test('feeds every shard to its end, in batches, once', async () => {
  const { newDrain, batches } = setUp(10);
  const drain = newDrain();
  expect(await drain()).toEqual({ ...noCounts, accepted: 20 });
  expect(batches).toEqual(['a1-4', 'a5-8', 'a9-10', 'b1-4', 'b5-8', 'b9-10']);
  expect(await drain()).toEqual(noCounts);
});

test('another process begins after the stored progress', async () => {
  const { newDrain, batches } = setUp(6);
  await newDrain()();
  batches.length = 0;
  expect(await newDrain()()).toEqual(noCounts);
  expect(batches).toEqual([]);
});

describe('a batch that fails', () => {
  test('is given again until it is settled', async () => {
    const { newDrain, batches } = setUp(4, (shard, _, call) => (shard === 'a' && call < 3 ? 2 : 0));
    expect(await newDrain()()).toEqual({ ...noCounts, accepted: 8 });
    expect(batches).toEqual(['a1-4', 'a1-4', 'a1-4', 'b1-4']);
  });

  test('for ever ends in an error that names the shard, and the next drain goes on from what was settled', async () => {
    let isBroken = true;
    const { newDrain, batches } = setUp(4, shard => (isBroken && shard === 'b' ? 2 : 0));
    const drain = newDrain();
    await expect(drain()).rejects.toMatchObject({
      name: 'StoreError',
      reason: 'unavailable',
      message: expect.stringContaining('stream visits, b: 2 events'),
    });
    isBroken = false;
    batches.length = 0;
    await drain();
    expect(batches).toEqual(['b3-4']);
  });
});

describe('a record that makes the transform throw', () => {
  const poison = 7;

  /** Throws when the record is there, as long as there are others or it came alone fewer than four times. */
  function setUpPoison(patience: number) {
    const log = createLog(64, ['a']);
    const store = createMemoryStateStore();
    const sizes: number[] = [];
    let alone = 0;
    const transform: Transform = async ({ shard, records }) => {
      sizes.push(records.length);
      const has = records.some(r => r.sequence === poison);
      if (has && (records.length > 1 || alone++ < patience)) throw new TypeError('of undefined');
      const { sequence } = records.at(-1)!;
      await store.advanceProgress(log.incarnation, shard, { sequence, index: 0 });
      return { ...noCounts, accepted: records.length, copies: 0, failures: [], error: null };
    };
    const newDrain = () => createDrain({ stream: 'visits', log, store, transform, batchRecords: 64 });
    return { newDrain, sizes, store };
  }

  test('is found by smaller batches, tried alone, and passed; then batches are as large as ever', async () => {
    const { newDrain, sizes } = setUpPoison(3);
    expect(await newDrain()()).toEqual({ ...noCounts, accepted: 64 });
    // Sixteenths until it comes alone, and single records to the end of the batch that threw.
    expect(sizes.slice(0, 3)).toEqual([64, 4, 4]);
    expect(sizes.filter(n => n > 1)).toEqual([64, 4, 4]);
  });

  test('for ever is an error of the drain', async () => {
    const { newDrain, store } = setUpPoison(Number.POSITIVE_INFINITY);
    await expect(newDrain()()).rejects.toThrow('of undefined');
    expect((await store.readProgress('visits-1')).get('a')).toMatchObject({ sequence: 6 });
  });

  test('and ends its process is found by the next ones in the same way', async () => {
    const { newDrain, sizes, store } = setUpPoison(0);
    // What a process leaves that died in its first batch, and one that died in a sixteenth of that.
    const dead = (note: object) => store.writeNote('visits-1', 'batch/a', JSON.stringify(note));
    await dead({ after: 'null', records: 64, until: '64' });
    await store.advanceProgress('visits-1', 'a', { sequence: 4, index: 0 });
    await dead({ after: '4', records: 4, until: '64' });
    await newDrain()();
    expect(sizes).toEqual(Array(60).fill(1));
  });
});
