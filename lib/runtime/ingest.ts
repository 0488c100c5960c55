import type { StreamPlan } from '../kernel/plan.ts';
import type { ColumnMapping } from './column-mapping.ts';
import type { Drain } from './drain.ts';
import { MillraceError } from './errors.ts';
import type { Clock, EventLog, LogAppend } from './ports.ts';
import { createRowEncoder } from './row-encoding.ts';
import type { Source } from './source.ts';
import { addCounts, type TransformCounts } from './transform-result.ts';

export interface IngestOptions {
  readonly source: Source;
  readonly stream: StreamPlan;
  readonly log: EventLog;
  readonly drain: Drain;
  readonly mapping?: ColumnMapping;
  /** Empty cells of CSV are empty text and not null. */
  readonly keepEmpty?: boolean;
  /**
   * History: each event arrives at its own time, or at the latest so far where that is later, so that an event out
   * of order is late by as much as it stands too low in the source. Bounded by `clock`: what lies in its future
   * does not drag the events after it along.
   */
  readonly replay?: { readonly clock: Clock; readonly from: number };
  /** Begins at the first row, whatever was read before. */
  readonly restart?: boolean;
  /** When it is aborted, ingest finishes the batch in hand, keeps its place, and returns. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: IngestProgress) => void;
  /**
   * In a replay: before the first event at or after each of these times (ascending), drains, and waits for `run`.
   * Times that an earlier run has passed are left out.
   */
  readonly pauses?: { readonly times: readonly number[]; readonly run: (time: number) => Promise<void> };
  /** Events a log append. */
  readonly batchEvents?: number;
}

export interface IngestProgress {
  /** Rows read in this run. */
  readonly rows: number;
  readonly counts: TransformCounts;
  /** In the source's own unit; `total` is 0 while unknown. */
  readonly done: number;
  readonly total: number;
}

export interface IngestReport {
  readonly source: string;
  readonly stream: string;
  /** `broken`: the source could not be read on, for the reason in `error`; all rows before are in. */
  readonly outcome: 'complete' | 'stopped' | 'broken';
  readonly error?: MillraceError;
  /** Rows that an earlier run had read. */
  readonly resumedAfter: number;
  /** Rows read in this run. */
  readonly rows: number;
  /** Of all events processed in this run. */
  readonly counts: TransformCounts;
  /** The greatest time an event of this run gave as its own; null where none did. */
  readonly newestEventTime: number | null;
  /** In a replay: the latest arrival. */
  readonly replayedTo?: number;
  readonly milliseconds: number;
}

/**
 * Reads a source into the log and drains the log as it goes, so that neither runs far ahead. The place in the
 * source is stored with the events of each append: whenever it stops, the next call goes on after the last row that
 * is in the log, and no row is in it twice.
 *
 * Throws MappingError before the first row, StoreError when the log or the rows cannot be written.
 */
export async function ingest(options: IngestOptions): Promise<IngestReport> {
  const { source, stream, log, drain, replay, signal, batchEvents = 10_000 } = options;
  const started = performance.now();
  const encode = createRowEncoder({
    stream,
    source,
    mapping: options.mapping ?? new Map(),
    keepEmpty: options.keepEmpty ?? false,
  });
  // One file may feed several streams: each has its own place in it.
  const checkpointId = `${stream.name}:${source.id}`;
  const checkpoint = options.restart === true ? null : await log.readCheckpoint(checkpointId);
  const resumedAfter = await source.rowsDone(checkpoint);

  let arrival = replay?.from ?? 0;
  let newestEventTime: number | null = null;
  const pauseTimes = (options.pauses?.times ?? []).filter(time => time > arrival);
  let pending: LogAppend[] = [];
  let pendingBytes = 0;
  let row = resumedAfter;
  let appendedRow = resumedAfter;
  // What an earlier run left in the log comes first.
  let counts = await drain();

  const flush = async () => {
    if (row > appendedRow) {
      const batch = pending;
      pending = [];
      pendingBytes = 0;
      await log.append(batch, { checkpoint: { source: checkpointId, state: source.checkpoint(row) } });
      appendedRow = row;
      counts = addCounts(counts, await drain());
    }
    options.onProgress?.({ rows: row - resumedAfter, counts, ...source.progress() });
  };
  const report = (outcome: IngestReport['outcome'], error?: MillraceError): IngestReport => ({
    source: source.name,
    stream: stream.name,
    outcome,
    ...(error === undefined ? {} : { error }),
    resumedAfter,
    rows: row - resumedAfter,
    counts,
    newestEventTime,
    ...(replay === undefined ? {} : { replayedTo: arrival }),
    milliseconds: Math.round(performance.now() - started),
  });

  for await (const batch of stopOnError(source.batches(resumedAfter))) {
    if (batch instanceof MillraceError) {
      await flush();
      return report('broken', batch);
    }
    for (let i = 0; i < batch.rows.length; i++) {
      const event = encode(batch.rows[i]!, batch.firstRow + i);
      const time = event.eventTime;
      if (time !== null && (newestEventTime === null || time > newestEventTime)) newestEventTime = time;
      if (replay === undefined) {
        pending.push({ partitionKey: event.partitionKey, data: event.data });
      } else {
        if (time !== null && time > arrival && time <= replay.clock.now()) {
          while (pauseTimes.length > 0 && pauseTimes[0]! <= time) {
            await flush();
            await options.pauses!.run(pauseTimes.shift()!);
          }
          arrival = time;
        }
        pending.push({ partitionKey: event.partitionKey, data: event.data, arrivalTime: arrival });
      }
      pendingBytes += event.data.length;
      row = batch.firstRow + i;
      if (pending.length >= batchEvents || pendingBytes >= batchBytes) {
        await flush();
        if (signal?.aborted === true) return report('stopped');
      }
    }
    if (signal?.aborted === true) {
      await flush();
      return report('stopped');
    }
  }
  await flush();
  for (const time of pauseTimes) await options.pauses!.run(time);
  return report('complete');
}

/** However few events they are: a file of large ones must not fill the memory. */
const batchBytes = 32 << 20;

/** Gives the source's own failure as a last item, so that it cannot be taken for one of the log's. */
async function* stopOnError<T>(batches: AsyncIterable<T>): AsyncGenerator<T | MillraceError> {
  const iterator = batches[Symbol.asyncIterator]();
  try {
    for (;;) {
      let next: IteratorResult<T>;
      try {
        next = await iterator.next();
      } catch (error) {
        if (!(error instanceof MillraceError)) throw error;
        yield error;
        return;
      }
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}
