import { setImmediate, setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { LogRecord } from '../../lib/runtime/ports.ts';
import { noCounts } from '../../lib/runtime/transform-result.ts';
import { startProcessor } from '../../lib/service/processor.ts';
import { createMemoryStateStore } from '../support/memory-state-store.ts';

/** A processor over a log in memory; `batches` are the sequence numbers that its transform was given. */
async function start({ windowMs, held }: { windowMs: number; held?: Promise<void> }) {
  const records: LogRecord[] = [];
  const batches: number[][] = [];
  let last = 0;
  const processor = await startProcessor({
    stream: 'visits',
    windowMs,
    batchRecords: 10_000,
    store: createMemoryStateStore(),
    log: {
      incarnation: 'visits-1',
      shards: ['shard-000'],
      latestSequence: () => last,
      append: () => Promise.reject(new Error('not here')),
      read: async (_, after, limit) =>
        records.filter(({ sequence }) => Number(sequence) > Number(after ?? 0)).slice(0, limit),
      readCheckpoint: async () => null,
      truncate: async () => {},
    },
    async transform(batch) {
      batches.push(batch.records.map(({ sequence }) => Number(sequence)));
      if (batches.length === 1) await held;
      return { ...noCounts, accepted: batch.records.length, copies: 0, failures: [], error: null };
    },
    observe: () => {},
    onError: error => expect.fail(String(error)),
  });
  onTestFinished(() => processor.stop().catch(() => {}));
  const append = (count: number) => {
    for (let i = 0; i < count; i++)
      records.push({ shard: 'shard-000', sequence: ++last, arrivalTime: 0, data: Buffer.alloc(0) });
    processor.wake();
  };
  const failToAppend = (count: number) => {
    last += count;
    processor.wake();
  };
  return { processor, batches, append, failToAppend };
}

const someTurns = async () => {
  for (let turn = 0; turn < 20; turn++) await setImmediate();
};

test('a batch waits for its window', async () => {
  const { batches, append } = await start({ windowMs: 60_000 });
  append(1);
  await someTurns();
  expect(batches).toEqual([]);
});

test('what waited a window for the batch before waits no more', async () => {
  const held = Promise.withResolvers<void>();
  const windowMs = 20;
  const { processor, batches, append } = await start({ windowMs, held: held.promise });
  append(1);
  while (batches.length === 0) await setTimeout(1);
  append(2);
  await setTimeout(2 * windowMs);
  expect(batches).toEqual([[1]]);
  held.resolve();
  await someTurns();
  expect(batches).toEqual([[1], [2, 3]]);
  expect(processor.behind()).toBe(0);
});

test('a short round goes in batches of 1,000, a long one as a whole', async () => {
  const { processor, batches, append } = await start({ windowMs: 0 });
  append(2_500);
  while (processor.behind() > 0) await setImmediate();
  append(9_000);
  while (processor.behind() > 0) await setImmediate();
  expect(batches.map(batch => batch.length)).toEqual([1_000, 1_000, 500, 9_000]);
});

test('sequence numbers that a failed append used up do not count as waiting', async () => {
  const { processor, batches, append, failToAppend } = await start({ windowMs: 0 });
  append(2);
  failToAppend(3);
  while (processor.behind() > 0) await setImmediate();
  append(1);
  while (processor.behind() > 0) await setImmediate();
  expect(batches.flat()).toEqual([1, 2, 6]);
});
