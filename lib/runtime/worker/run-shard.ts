import { createBatchGuard } from '../batch-guard.ts';
import { StoreError } from '../errors.ts';
import type { LogRecord, StateStore } from '../ports.ts';
import type { Transform, TransformResult } from '../transform-result.ts';
import type { ShardReader, ShardSource, WorkerTime } from './ports.ts';

export interface ShardRunOptions {
  readonly shard: string;
  readonly source: ShardSource;
  readonly transform: Transform;
  readonly store: Pick<StateStore, 'readProgress' | 'readNote' | 'writeNote'>;
  readonly incarnation: string;
  /** Records a batch at most. */
  readonly batchRecords: number;
  /** How long records wait for others (ms), to be processed together; where many wait, they are not waited for. */
  readonly windowMs: number;
  readonly time: WorkerTime;
  /** The run ends after the batch in hand. */
  readonly signal: AbortSignal;
  onBatch(batch: SettledBatch): void;
  /** Told what went wrong, before it is tried again. */
  onTrouble(error: unknown): void;
}

/** What the transform did with a batch. */
export interface SettledBatch {
  /** Those that are settled; the others are given again. */
  readonly records: readonly LogRecord[];
  readonly result: TransformResult;
  /** The last record that is settled with all before it; null where none is. */
  readonly settled: number | bigint | null;
  readonly milliseconds: number;
  /** How old (ms) the next record was when these were read; 0 where there was none. */
  readonly behindMs: number;
}

/**
 * Processes a shard from where the stored progress ends, batch by batch, until it is drained or the run is stopped. What
 * fails is tried again without end, after growing pauses: records are given to the transform again from the first that is
 * not settled, as Lambda does it for `batchItemFailures`. A record that ends its process is found by the batch guard.
 */
export async function runShard(options: ShardRunOptions): Promise<'drained' | 'stopped'> {
  const { shard, source, transform, store, incarnation, batchRecords, windowMs, time, signal } = options;
  const guard = createBatchGuard({ store, incarnation, batchRecords });
  let reading: Reading | null = null;

  async function open(): Promise<Reading> {
    const after = (await store.readProgress(incarnation)).get(shard)?.sequence ?? null;
    const reader = source.open(shard, after);
    return { reader, settled: after, waiting: [], behindMs: 0, isEnd: false, nextRead: time.now() };
  }

  /** Reads what makes a batch. What is read stays in `waiting`, whatever fails. */
  async function gather(from: Reading): Promise<void> {
    await time.sleep(from.nextRead - time.now(), signal);
    const begun = time.now();
    let bytes = 0;
    while (!signal.aborted) {
      const { records, behindMs, isEnd } = await from.reader.read(batchRecords - from.waiting.length);
      from.waiting.push(...records);
      from.behindMs = behindMs;
      from.isEnd = isEnd;
      from.nextRead =
        behindMs > 0 ? time.now() + betweenReads : Math.max(begun + windowMs, begun + betweenReads);
      for (const { data } of records) bytes += data.length;
      if (isEnd || behindMs === 0 || from.waiting.length >= batchRecords || bytes >= mostBytes) return;
      // More is there than one answer held: a batch of a few records costs as much as one of many.
      if (time.now() + betweenReads >= begun + windowMs) return;
      await time.sleep(betweenReads, signal);
    }
  }

  /** Gives a batch to the transform. True where something of it is settled. */
  async function settle(from: Reading): Promise<boolean> {
    const records = from.waiting.slice(0, await guard.size(shard, from.settled));
    const batch = { after: from.settled, records: records.length, last: records.at(-1)!.sequence };
    await guard.begin(shard, batch);
    const started = time.now();
    let result: TransformResult;
    try {
      result = await transform({ shard, records });
    } catch (error) {
      guard.failed(shard, batch, error);
      throw error;
    }
    const failed = result.failures[0];
    const done = failed === undefined ? records.length : records.findIndex(r => r.sequence === failed);
    from.waiting.splice(0, done);
    if (done > 0) from.settled = records[done - 1]!.sequence;
    const { settled, behindMs } = from;
    const milliseconds = time.now() - started;
    options.onBatch({ records: records.slice(0, done), result, settled, behindMs, milliseconds });
    if (failed === undefined) return true;
    options.onTrouble(
      result.error ??
        new StoreError('unavailable', `${result.failed} events could not be applied: rows were not written`),
    );
    return done > 0;
  }

  for (let failures = 0; !signal.aborted; ) {
    let isMoving = true;
    try {
      reading ??= await open();
      if (reading.waiting.length > 0) isMoving = await settle(reading);
      else if (reading.isEnd) return 'drained';
      else await gather(reading);
    } catch (error) {
      options.onTrouble(error);
      isMoving = false;
    }
    failures = isMoving ? 0 : failures + 1;
    if (!isMoving) await time.sleep(pauseAfter(failures, time.random()), signal);
  }
  return 'stopped';
}

interface Reading {
  readonly reader: ShardReader;
  settled: number | bigint | null;
  /** Read and not settled. */
  readonly waiting: LogRecord[];
  behindMs: number;
  isEnd: boolean;
  /** By the worker's time. */
  nextRead: number;
}

/** A shard of Kinesis answers five reads a second. */
const betweenReads = 200;
/** A read gives no more at once. */
const mostBytes = 10 * 2 ** 20;

/** The half that is left to chance keeps those apart who failed together. */
const pauseAfter = (failures: number, random: number): number =>
  Math.min(longestPause, firstPause * 2 ** (failures - 1)) * (0.5 + random / 2);
const firstPause = 250;
const longestPause = 30_000;
