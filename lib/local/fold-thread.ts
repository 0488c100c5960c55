import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { DataDirectory } from '../adapters/rocksdb/data-directory.ts';
import { type LentTables, lendTables } from '../adapters/rocksdb/state-store.ts';
import type { Plan } from '../kernel/plan.ts';
import { MillraceError } from '../runtime/errors.ts';
import type { AsideBatch, AsideFold, AsideResult, GroupsAside } from '../runtime/fold-aside.ts';
import type { WriteOutcome } from '../runtime/ports.ts';
import { tableOf } from '../runtime/rows.ts';
import {
  type AsideResultColumns,
  type FoldAnswer,
  type FoldReply,
  type FoldRequest,
  type FoldWorkerData,
  fromFailure,
  toColumns,
} from './fold-messages.ts';
import { groupsAside } from './groups-aside.ts';

export interface FoldThreadOptions {
  readonly directory: DataDirectory;
  readonly plan: Plan;
  /** It begins with the first batch of so many records: 1,000 unless it is given. */
  readonly leastRecords?: number;
  /** Told what the thread wrote. */
  readonly observe?: (writes: Pick<FoldAnswer, 'written' | 'outcomes'>) => void;
  /** Told why it ended before its time. */
  readonly onEnd?: (error: Error) => void;
}

/**
 * A second thread for a data directory's transforms: it folds some of each stream's groups, and is the one that judges
 * and writes the rows of their tables (docs/decisions/0017). It begins with the first batch that is large enough; until
 * it is ready, and should it ever end, the transform does all by itself. The directory ends it when it closes.
 */
export function createFoldThread(
  options: FoldThreadOptions,
): (stream: string, incarnation: string) => GroupsAside | null {
  const { directory, plan, leastRecords = 1_000, observe, onEnd = () => {} } = options;
  keepYoung();
  const incarnations = new Map<string, string>();
  const groups = groupsAside(plan);
  const tables = plan.groups.filter(({ name }) => groups.has(name)).map(tableOf);
  let worker: Worker | null = null;
  let isReady = false;
  let isClosing = false;
  let lent: LentTables | null = null;
  let over: Error | null = null;
  let asked = 0;
  const waiting = new Map<number, PromiseWithResolvers<FoldAnswer>>();

  function start(): void {
    const workerData: FoldWorkerData = {
      handle: directory.database.handle,
      plan,
      incarnations,
      groups,
      cacheBytes,
    };
    worker = new Worker(new URL('./fold-worker.ts', import.meta.url), { workerData });
    worker.on('message', (reply: FoldReply) => {
      if (reply === 'ready') isReady = true;
      else take(reply);
    });
    worker.on('error', end);
    worker.on('exit', code => end(new MillraceError(`the thread that folds ended with code ${code}`)));
    // Only while it is awaited it keeps the process.
    worker.unref();
    directory.database.endFirst(async () => {
      await Promise.allSettled([...waiting.values()].map(({ promise }) => promise));
      isClosing = true;
      await worker?.terminate();
    });
  }

  /** What it did not answer to may have been written or not. */
  function end(error: Error): void {
    if (over === null && !isClosing) onEnd(error);
    over ??= error;
    lent?.takeBack();
    lent = null;
    for (const { reject } of waiting.values()) reject(over);
    waiting.clear();
  }

  function take(answer: FoldAnswer): void {
    lent?.adopt(answer.written);
    observe?.(answer);
    const { resolve, reject } = waiting.get(answer.id)!;
    waiting.delete(answer.id);
    if (waiting.size === 0) worker?.unref();
    if (answer.failure === null) resolve(answer);
    else reject(fromFailure(answer.failure));
  }

  function ask(request: FoldRequest): Promise<FoldAnswer> {
    if (over !== null) return Promise.reject(over);
    const answer = Promise.withResolvers<FoldAnswer>();
    waiting.set(request.id, answer);
    worker!.ref();
    worker!.postMessage(request);
    return answer.promise;
  }

  /** In one turn: from here on the other thread judges. */
  function lend(): LentTables {
    return lendTables(directory, tables, {
      async write(table, writes) {
        // To post a view would copy all of its buffer.
        const own = writes.map(write => ({ ...write, bytes: write.bytes.slice() }));
        const { result } = await ask({ kind: 'write', id: asked++, table, writes: own });
        return result as readonly WriteOutcome[];
      },
    });
  }

  function begin(stream: string, { joined, ...batch }: AsideBatch): AsideFold | null {
    if (over !== null) return null;
    if (worker === null && joined.records.length >= leastRecords) start();
    if (!isReady) return null;
    lent ??= lend();
    const id = asked++;
    const folded = ask({ kind: 'fold', id, stream, batch, records: toColumns(joined) });
    // Whoever gave it up does not ask.
    folded.catch(() => {});
    const tell = (counts: Uint8Array | null): void =>
      worker?.postMessage({ kind: 'counts', id, counts } satisfies FoldRequest);
    return {
      groups,
      async settle(counts) {
        tell(counts);
        return resultOf(await folded);
      },
      abandon: () => tell(null),
    };
  }

  return (stream, incarnation) => {
    if (!plan.groups.some(group => group.stream === stream && groups.has(group.name))) return null;
    incarnations.set(stream, incarnation);
    return { begin: batch => begin(stream, batch) };
  };
}

/**
 * Lets objects of the whole process begin young. V8 makes some where the old ones are, having seen that their like live
 * long, as a batch's lists do: these keep all that they refer to through young collections, though the batch is over.
 */
const keepYoung = (): void => setFlagsFromString('--no-allocation-site-pretenuring');

function resultOf({ result }: FoldAnswer): AsideResult {
  const { unwritten, error } = result as AsideResultColumns;
  return { unwritten, error: error === null ? null : fromFailure(error) };
}

/** Its rows are most often the cache's of the first thread as well, in the same memory. */
const cacheBytes = 128 << 20;
