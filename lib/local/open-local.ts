import { systemClock } from '../adapters/clock.ts';
import { openSource } from '../adapters/files/open-source.ts';
import { type DataDirectory, openDataDirectory } from '../adapters/rocksdb/data-directory.ts';
import { createEventLog, type RocksdbEventLog } from '../adapters/rocksdb/event-log.ts';
import { createQuarantine } from '../adapters/rocksdb/quarantine.ts';
import { createStateStore } from '../adapters/rocksdb/state-store.ts';
import { createUnappliedStore } from '../adapters/rocksdb/unapplied.ts';
import type { Plan, StreamPlan } from '../kernel/plan.ts';
import { day } from '../kernel/time.ts';
import { type ColumnMapping, parseMapping } from '../runtime/column-mapping.ts';
import { createDrain, type Drain } from '../runtime/drain.ts';
import { MillraceError } from '../runtime/errors.ts';
import { type IngestOptions, type IngestReport, ingest } from '../runtime/ingest.ts';
import type { Clock, Quarantine, StateStore, UnappliedStore, WriteOutcome } from '../runtime/ports.ts';
import { createReader } from '../runtime/read.ts';
import { type RedriveOptions, redrive } from '../runtime/redrive.ts';
import {
  type RedriveUnappliedOptions,
  type RedriveUnappliedReport,
  redriveUnapplied,
} from '../runtime/redrive-unapplied.ts';
import type { Source, SourceFormat } from '../runtime/source.ts';
import { createTransform } from '../runtime/transform.ts';
import { addCounts, noCounts, type Transform, type TransformCounts } from '../runtime/transform-result.ts';
import { createFoldThread, type FoldThreadOptions } from './fold-thread.ts';
import { adoptPlan, checkPlan, readStoredPlan } from './stored-plan.ts';
import { claimTimeline, readTimeline, type Timeline } from './timeline.ts';

/** What `definitions(…)` of lib/define gives. */
export interface CompiledDefinitions {
  readonly plan: Plan;
  readonly functions: ReadonlyMap<string, (...args: never[]) => unknown>;
}

export interface LocalOptions {
  /** The data directory's path. One process at a time may have it open. */
  readonly directory: string;
  readonly definitions: CompiledDefinitions;
  /** Makes the data directory where there is none. */
  readonly create?: boolean;
  /** The wall. Only tests need another one. */
  readonly clock?: Clock;
  /** Lets groups end that the definitions no longer have; else ingest and drain throw GroupRemovedError. */
  readonly acceptRemoved?: boolean;
  /** Of every stream's log; counts when the stream is made, and must stay the same. */
  readonly shards?: number;
  /** `os` leaves it to the operating system when appended events reach the disk: faster, and lost in a power cut. */
  readonly durability?: 'fsync' | 'os';
  /** For how long (ms) processed events stay in the log; 7 days unless it is given. */
  readonly logRetention?: number;
  /** Puts something between the use cases of this thread and the rows: counters, or faults in tests. */
  readonly wrapStore?: (store: StateStore) => StateStore;
  /** Lets a second thread fold some of the groups, by the system's clock, once batches are large. */
  readonly secondThread?: SecondThreadOptions;
}

export interface SecondThreadOptions extends Pick<FoldThreadOptions, 'leastRecords' | 'onEnd'> {
  /** Told how many of its writes of rows came out how, which `wrapStore` does not see. */
  readonly onWrites?: (table: string, outcome: WriteOutcome, rows: number) => void;
}

export interface LocalIngestOptions
  extends Pick<IngestOptions, 'keepEmpty' | 'restart' | 'signal' | 'onProgress' | 'pauses' | 'batchEvents'> {
  /** May be left out where there is one stream only. */
  readonly stream?: string;
  /** `field=column`, `field=$line`, `field==text`: see column-mapping.ts. */
  readonly map?: readonly string[];
  /** Lets events arrive at their own times; see IngestOptions. */
  readonly replay?: boolean;
  readonly format?: SourceFormat;
}

/** The whole platform in this process, on a data directory. */
export interface Local {
  readonly plan: Plan;
  readonly directory: string;
  /** The time that reads answer for: the wall's, or, in a replayed directory, just after the last event replayed. */
  readonly clock: Clock;
  readonly timeline: Timeline | null;
  /** Whether the directory keeps rows of this group in its present version. */
  keeps(group: string): Promise<boolean>;
  /** Reads a file (or an opened source, which stays the caller's to close) into a stream. */
  ingest(source: string | Source, options?: LocalIngestOptions): Promise<IngestReport>;
  /** Processes what the logs hold and has not been processed. */
  drain(): Promise<TransformCounts>;
  /**
   * Takes the definitions over and settles that events arrive live, for whoever appends to the streams and processes
   * them by himself. Throws TimelineError where history was replayed into the directory.
   */
  goLive(): Promise<readonly LiveStream[]>;
  readonly readGroup: ReturnType<typeof createReader>['readGroup'];
  readonly readService: ReturnType<typeof createReader>['readService'];
  readonly find: ReturnType<typeof createReader>['find'];
  readonly quarantine: Quarantine;
  /** Events that rows could not take. */
  readonly unapplied: UnappliedStore;
  /** Puts quarantined events of a stream into it anew, and processes them; says what became of all that waited. */
  redrive(which: RedriveChoice): Promise<{ readonly redriven: number; readonly counts: TransformCounts }>;
  /** Folds unapplied events into the rows that lack them. */
  redriveUnapplied(
    which: Pick<RedriveUnappliedOptions, 'table' | 'key' | 'startAnew'>,
  ): Promise<RedriveUnappliedReport>;
  /** Forgets processed events past `logRetention` and quarantined ones older than 30 days; rows are not touched. */
  retain(): Promise<void>;
  /** Gives the directory free. May be called again. */
  close(): Promise<void>;
}

export interface RedriveChoice extends Pick<RedriveOptions, 'ids' | 'reason'> {
  /** May be left out where there is one stream only. */
  readonly stream?: string;
}

/** A stream's log and the transform that its records are for. */
export interface LiveStream {
  readonly stream: StreamPlan;
  readonly log: RocksdbEventLog;
  readonly store: StateStore;
  readonly transform: Transform;
}

/** A stream is not in the definitions, or which one is meant is not clear. */
export class UnknownStreamError extends MillraceError {
  override readonly name = 'UnknownStreamError';
}

/**
 * Opens a data directory with definitions.
 *
 * Throws DataDirectoryError (missing, in use, not one), and PlanConflictError where the definitions changed the
 * meaning of what is stored without a new version. The directory takes the definitions over with the first ingest or
 * drain; to read by other definitions changes nothing in it.
 */
export async function openLocal(options: LocalOptions): Promise<Local> {
  const directory = await openDataDirectory(options.directory, { create: options.create ?? false });
  try {
    return await compose(directory, options);
  } catch (error) {
    await directory.close();
    throw error;
  }
}

async function compose(directory: DataDirectory, options: LocalOptions): Promise<Local> {
  const { plan, functions } = options.definitions;
  const { clock: wall = systemClock, shards = defaultShards, durability = 'fsync' } = options;
  const { logRetention = defaultLogRetention } = options;
  const adopt = () => adoptPlan(directory, plan, options.acceptRemoved ?? false);
  await checkPlan(directory, plan);
  let timeline = await readTimeline(directory);

  const { wrapStore = (store: StateStore) => store } = options;
  const store = wrapStore(createStateStore(directory));
  const quarantine = createQuarantine(directory);
  const unapplied = createUnappliedStore(directory);
  const { secondThread } = options;
  const thread =
    secondThread === undefined
      ? null
      : createFoldThread({ ...secondThread, directory, plan, observe: countedFor(secondThread) });
  const streams = new Map<string, OpenStream>();
  for (const stream of plan.streams) {
    const log = await createEventLog(directory, { stream: stream.name, shards, clock: wall, durability });
    const aside = thread?.(stream.name, log.incarnation) ?? null;
    const transform = createTransform({
      plan,
      functions,
      stream: stream.name,
      incarnation: log.incarnation,
      store,
      quarantine,
      unapplied,
      clock: wall,
      ...(aside === null ? {} : { aside }),
    });
    const drain = createDrain({ stream: stream.name, log, store, transform });
    streams.set(stream.name, { stream, log, store, transform, drain });
  }

  const replayNow = () => Math.max(...[...streams.values()].map(({ log }) => log.latestArrival())) + 1;
  // A window counts times below the query's, so the last event shows one ms after it.
  const clock: Clock = { now: () => (timeline === 'replay' ? replayNow() : wall.now()) };
  const reader = createReader({ plan, functions, store, clock });

  const streamNamed = (name: string | undefined): OpenStream => {
    const [only] = streams.values();
    const found = name === undefined && streams.size === 1 ? only : streams.get(name ?? '');
    if (found !== undefined) return found;
    const names = [...streams.keys()].join(', ');
    throw new UnknownStreamError(
      name === undefined
        ? `say which stream is meant with --stream: ${names}`
        : `there is no stream ${name}; there is ${names}`,
    );
  };

  const hasEvents = () => [...streams.values()].some(({ log }) => log.latestArrival() > 0);

  async function ingestSource(source: Source, options: LocalIngestOptions): Promise<IngestReport> {
    const { stream: name, map, replay = false, format: _, ...rest } = options;
    const { stream, log, drain } = streamNamed(name);
    const mapping: ColumnMapping = parseMapping(map ?? [], stream);
    await adopt();
    timeline = await claimTimeline(directory, replay ? 'replay' : 'wall', {
      settled: timeline,
      hasEvents: hasEvents(),
    });
    return ingest({
      ...rest,
      source,
      stream,
      log,
      drain,
      mapping,
      ...(replay ? { replay: { clock: wall, from: log.latestArrival() } } : {}),
    });
  }

  return {
    plan,
    directory: directory.path,
    clock,
    get timeline() {
      return timeline;
    },
    async keeps(group) {
      const { version } = plan.groups.find(({ name }) => name === group) ?? {};
      const stored = await readStoredPlan(directory);
      return stored?.groups.some(kept => kept.name === group && kept.version === version) ?? false;
    },
    async ingest(source, options = {}) {
      if (typeof source !== 'string') return ingestSource(source, options);
      streamNamed(options.stream);
      const opened = await openSource(source, options.format === undefined ? {} : { format: options.format });
      try {
        return await ingestSource(opened, options);
      } finally {
        await opened.close();
      }
    },
    async drain() {
      await adopt();
      let counts = noCounts;
      for (const { drain } of streams.values()) counts = addCounts(counts, await drain());
      return counts;
    },
    async goLive() {
      await adopt();
      timeline = await claimTimeline(directory, 'wall', { settled: timeline, hasEvents: hasEvents() });
      return [...streams.values()];
    },
    readGroup: reader.readGroup,
    readService: reader.readService,
    find: reader.find,
    quarantine,
    unapplied,
    async redrive({ stream: name, ...which }) {
      const { stream, log, drain } = streamNamed(name);
      await adopt();
      // The wall's time would end the replay: its reads would answer for today.
      const arrival = timeline === 'replay' ? { arrivalTime: log.latestArrival() } : {};
      const redriven = await redrive({ ...which, stream, log, quarantine, ...arrival });
      return { redriven, counts: await drain() };
    },
    async redriveUnapplied(which) {
      await adopt();
      return redriveUnapplied({ ...which, plan, functions, store, unapplied, clock: wall });
    },
    async retain() {
      for (const { log } of streams.values()) {
        const progress = await store.readProgress(log.incarnation);
        const processed = new Map([...progress].map(([shard, { sequence }]) => [shard, sequence]));
        await log.truncate(clock.now() - logRetention, processed);
      }
      // A replay passes months in minutes: nobody would have had the time to look.
      if (timeline !== 'replay') await quarantine.removeBefore(clock.now() - quarantineRetention);
    },
    close: () => directory.close(),
  };
}

const countedFor =
  ({ onWrites = () => {} }: SecondThreadOptions): NonNullable<FoldThreadOptions['observe']> =>
  ({ outcomes }) => {
    for (const [table, counts] of outcomes)
      for (const [outcome, rows] of counts) onWrites(table, outcome, rows);
  };

interface OpenStream extends LiveStream {
  readonly drain: Drain;
}

/** More shards would only make the batches smaller: one process works on one shard at a time. */
const defaultShards = 1;
const defaultLogRetention = 7 * day;
const quarantineRetention = 30 * day;
