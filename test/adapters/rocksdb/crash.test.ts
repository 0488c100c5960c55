import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDirectory } from '../../../lib/adapters/rocksdb/data-directory.ts';
import { createEventLog } from '../../../lib/adapters/rocksdb/event-log.ts';
import { createStateStore } from '../../../lib/adapters/rocksdb/state-store.ts';
import { startChild } from './child-process.ts';
import { temporaryPath } from './support.ts';

let path: string;
beforeEach(async () => {
  path = await temporaryPath();
});
afterEach(() => rm(path, { recursive: true, force: true }));

test('a process killed while it appends leaves whole batches, all that it acknowledged, and no row ahead of them', async () => {
  for (const acknowledgements of [2, 30, 120]) {
    const child = await startChild('append', path, 1 + acknowledgements);
    await child.kill();
    const acknowledged = Number(child.said.at(-1));
    expect(acknowledged).toBeGreaterThanOrEqual(acknowledgements * 100);

    const directory = await openDataDirectory(path);
    const log = await createEventLog(directory, { stream: 'clicks', shards: 1, clock: { now: () => 0 } });
    const records = await log.read(log.shards[0]!, null, 1_000_000);
    expect(records.length).toBeGreaterThanOrEqual(acknowledged);
    expect(records.length % 100).toBe(0);
    expect(await log.readCheckpoint('child')).toBe(String(records.length));
    for (const [i, { sequence, data, arrivalTime }] of records.entries()) {
      if (sequence !== i + 1) expect.fail(`record ${i + 1} has sequence number ${sequence}`);
      if (!data.toString().startsWith(`event ${i + 1} .`)) expect.fail(`record ${i + 1} is another event`);
      if (arrivalTime < (records[i - 1]?.arrivalTime ?? 0))
        expect.fail(`arrival goes back at record ${i + 1}`);
    }

    // What is written first is there if what is written later is: log, then row, then progress.
    const [row] = await createStateStore(directory).read('counts', ['all']);
    const counted = Number(row!.bytes.reduce((digits, byte) => digits + String.fromCharCode(byte), ''));
    const progress = (await createStateStore(directory).readProgress(log.incarnation)).get(log.shards[0]!);
    expect(counted).toBeLessThanOrEqual(records.length);
    expect(progress!.sequence).toBeLessThanOrEqual(counted);
    expect(progress!.sequence).toBeGreaterThanOrEqual(acknowledged - 100);
    await directory.close();
  }
});
