import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Waits for the disk beside the event loop: the binding itself waits in the thread that calls it. */
export interface DiskSync {
  /** Resolves when all that was written before the call is on the disk; rejects with RocksDB's error. */
  sync(): Promise<void>;
  /** Waits for what is under way, and ends the thread. */
  end(): Promise<void>;
}

/**
 * Over the open database with this native handle; its thread begins with the first sync. Calls that come while one is
 * under way share the next: one wait serves all that was written meanwhile.
 */
export function createDiskSync(handle: bigint): DiskSync {
  let worker: Worker | null = null;
  let running: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;

  async function ask(): Promise<void> {
    worker ??= new Worker(new URL('./disk-sync-worker.ts', import.meta.url), { workerData: handle });
    // Only while it is awaited it keeps the process.
    worker.ref();
    try {
      worker.postMessage(null);
      const [error] = await once(worker, 'message');
      worker.unref();
      if (error !== null) throw Object.assign(new Error(error.message), { code: error.code });
    } catch (error) {
      // It may have died: another one begins with the next sync.
      await worker?.terminate();
      worker = null;
      throw error;
    }
  }

  /** One at a time: an answer does not say which question it is to. */
  function start(): Promise<void> {
    next = null;
    running = ask();
    return running;
  }

  return {
    sync() {
      next ??= running.then(start, start);
      return next;
    },
    async end() {
      await (next ?? running).catch(() => {});
      await worker?.terminate();
    },
  };
}
