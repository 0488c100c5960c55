import { parentPort, workerData } from 'node:worker_threads';
import { RocksLevel } from '@nxtedition/rocksdb';

/**
 * The thread of disk-sync.ts. Given a handle, the binding joins the database that the process has open; the thread
 * that opened it closes it. A write that waits for the disk, though it writes nothing, waits for all writes before it:
 * they stand before it in the write-ahead log.
 */
const native = new RocksLevel(workerData as bigint);
await native.open();
const nothing = native.batch();

parentPort!.on('message', () => {
  try {
    nothing._writeSync({ sync: true });
    parentPort!.postMessage(null);
  } catch (error) {
    // Of an error's properties only its message would come across.
    const { code, message } = error as Error & { readonly code?: string };
    parentPort!.postMessage({ code, message });
  }
});
