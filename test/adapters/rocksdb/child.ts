import { openDataDirectory } from '../../../lib/adapters/rocksdb/data-directory.ts';
import { createEventLog } from '../../../lib/adapters/rocksdb/event-log.ts';
import { createStateStore } from '../../../lib/adapters/rocksdb/state-store.ts';

/**
 * The second process of the tests: `hold <path>` opens a data directory and keeps it; `append <path>` appends and
 * processes batches for ever, and says after each append how many events are acknowledged. Both end by being killed.
 */
const [task, path] = process.argv.slice(2) as ['hold' | 'append', string];

const directory = await openDataDirectory(path, { create: true });
process.stdout.write('open\n');
if (task === 'hold') setInterval(() => {}, 60_000);
else await appendForEver();

async function appendForEver(): Promise<never> {
  const log = await createEventLog(directory, {
    stream: 'clicks',
    shards: 1,
    clock: { now: () => Date.now() },
  });
  const store = createStateStore(directory);
  const [shard] = log.shards as [string];
  let appended = Number((await log.readCheckpoint('child')) ?? 0);
  let [row] = await store.read('counts', ['all']);
  for (;;) {
    const batch = Array.from({ length: 100 }, (_, i) => ({
      partitionKey: 'a',
      data: Buffer.from(`event ${appended + i + 1} ${'.'.repeat(200)}`),
    }));
    appended += batch.length;
    await log.append(batch, { checkpoint: { source: 'child', state: String(appended) } });
    process.stdout.write(`${appended}\n`);

    const version = (row?.version ?? 0) + 1;
    const bytes = Buffer.from(String(appended));
    await store.write('counts', [{ key: 'all', expected: row?.version ?? 0, version, bytes }]);
    row = { version, bytes };
    await store.advanceProgress(log.incarnation, shard, { sequence: appended, index: 0 });
    await new Promise(resolve => setImmediate(resolve));
  }
}
