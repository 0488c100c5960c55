import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../adapters/clock.ts';
import { joinDatabase } from '../adapters/rocksdb/database.ts';
import { createStateStore } from '../adapters/rocksdb/state-store.ts';
import { createUnappliedStore } from '../adapters/rocksdb/unapplied.ts';
import { collectWrittenRows } from '../adapters/rocksdb/written-rows.ts';
import { encodeIntoSharedMemory } from '../kernel/index.ts';
import { countingWrites } from '../runtime/counting-writes.ts';
import { type AsideResult, createAsideFolder } from '../runtime/fold-aside.ts';
import type { WriteOutcome } from '../runtime/ports.ts';
import {
  type FoldAnswer,
  type FoldReply,
  type FoldRequest,
  type FoldWorkerData,
  fromColumns,
  toFailure,
} from './fold-messages.ts';

/** The thread of fold-thread.ts. */
const { handle, plan, incarnations, groups, cacheBytes } = workerData as FoldWorkerData;
const port = parentPort!;
encodeIntoSharedMemory();
const database = await joinDatabase(handle);
const rows = collectWrittenRows();
let outcomes = new Map<string, Map<WriteOutcome, number>>();
const store = countingWrites(
  createStateStore({ database }, { cacheBytes, observer: rows }),
  (table, outcome, count) => {
    const ofTable = outcomes.get(table) ?? new Map<WriteOutcome, number>();
    outcomes.set(table, ofTable.set(outcome, (ofTable.get(outcome) ?? 0) + count));
  },
);
const unapplied = createUnappliedStore({ database });
const folders = new Map(
  [...incarnations].map(([stream, incarnation]) => [
    stream,
    createAsideFolder({ plan, stream, incarnation, groups, store, unapplied, clock: systemClock }),
  ]),
);
const begun = new Map<number, PromiseWithResolvers<Uint8Array>>();

port.on('message', (request: FoldRequest) => {
  switch (request.kind) {
    case 'fold':
      answer(request.id, fold(request));
      break;
    case 'counts':
      if (request.counts === null) begun.get(request.id)?.reject(new Error('the batch was given up'));
      else begun.get(request.id)?.resolve(request.counts);
      break;
    case 'write':
      answer(request.id, store.write(request.table, request.writes));
      break;
  }
});
port.postMessage('ready' satisfies FoldReply);

async function fold({ id, stream, batch, records }: FoldRequest & { kind: 'fold' }): Promise<AsideResult> {
  const counts = Promise.withResolvers<Uint8Array>();
  begun.set(id, counts);
  try {
    const joined = fromColumns(batch.shard, records);
    return await folders.get(stream)!({ ...batch, joined }, counts.promise);
  } finally {
    begun.delete(id);
  }
}

async function answer(id: number, work: Promise<AsideResult | readonly WriteOutcome[]>): Promise<void> {
  let result: FoldAnswer['result'] = null;
  let failure: FoldAnswer['failure'] = null;
  try {
    const made = await work;
    result =
      'unwritten' in made ? { ...made, error: made.error === null ? null : toFailure(made.error) } : made;
  } catch (error) {
    failure = toFailure(error);
  }
  const reply: FoldReply = { id, result, failure, written: rows.take(), outcomes };
  outcomes = new Map();
  port.postMessage(reply);
}
