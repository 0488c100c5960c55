import type { Plan } from '../../kernel/index.ts';
import type { CostSettings } from './settings.ts';
import { type GroupLoad, groupLoads, type Traffic } from './traffic.ts';

/** What an environment has to do for the traffic that is expected. */
export interface Workload {
  readonly plan: Plan;
  readonly settings: CostSettings;
  readonly traffic: Traffic;
  readonly streams: readonly StreamLoad[];
}

export interface StreamLoad {
  readonly name: string;
  readonly eventsPerSecond: number;
  readonly bytesPerEvent: number;
  /** Events of a request that go to one shard travel as one record, a line each. */
  readonly eventsPerRecord: number;
  readonly shards: number;
  /** For how long a batch is gathered: less than its window where it is full before. */
  readonly batchSeconds: number;
  readonly groups: readonly GroupLoad[];
}

export function workloadOf(plan: Plan, settings: CostSettings, traffic: Traffic): Workload {
  const streams = plan.streams.map(({ name }): StreamLoad => {
    const eventsPerSecond = traffic.eventsPerSecond[name] ?? 0;
    const { bytesPerEvent } = traffic;
    const shards = shardsOf(settings, eventsPerSecond, bytesPerEvent);
    const eventsPerRecord = packed(traffic.eventsPerRequest, shards);
    const perShard = eventsPerSecond / shards;
    const mostEvents = Math.min(settings.batchRecords * eventsPerRecord, mostBatchBytes / bytesPerEvent);
    const batchSeconds = Math.min(
      settings.windowSeconds,
      perShard === 0 ? Number.POSITIVE_INFINITY : mostEvents / perShard,
    );
    const groups = groupLoads(plan, name, traffic, { shards, windowSeconds: batchSeconds });
    return { name, eventsPerSecond, bytesPerEvent, eventsPerRecord, shards, batchSeconds, groups };
  });
  return { plan, settings, traffic, streams };
}

/**
 * The design that others are measured by: each event is a record of its own, and updates the row of every group of its
 * stream by itself, with no reading and never more than 1 KB. All else is as it is.
 */
export const naiveOf = (workload: Workload): Workload => ({
  ...workload,
  streams: workload.streams.map(stream => ({
    ...stream,
    eventsPerRecord: 1,
    groups: stream.groups.map(group => ({
      ...group,
      rowsPerSecond: stream.eventsPerSecond,
      writeUnitsPerRow: 1,
      readUnitsPerRow: 0,
    })),
  })),
});

/** How many batches of all shards the transform is called with in a second; each shard has at least one event for it. */
export const batchesPerSecond = ({ eventsPerSecond, shards, batchSeconds }: StreamLoad): number =>
  Math.min(eventsPerSecond, shards / batchSeconds);

export const recordsPerSecond = ({ eventsPerSecond, eventsPerRecord }: StreamLoad): number =>
  eventsPerSecond / eventsPerRecord;

/** Events in a record are lines. */
export const bytesPerRecord = ({ bytesPerEvent, eventsPerRecord }: StreamLoad): number =>
  eventsPerRecord * (bytesPerEvent + 1) - 1;

export const rowsPerSecond = ({ groups }: StreamLoad): number =>
  groups.reduce((sum, group) => sum + group.rowsPerSecond, 0);

/** Lambda takes 6 MB at once, and gets records as base64 with some words about each. */
export const mostBatchBytes = (6 * 1024 * 1024) / 1.4;

/** On demand a stream begins with four shards, and keeps room for twice the load. */
function shardsOf({ stream }: CostSettings, eventsPerSecond: number, bytesPerEvent: number): number {
  if (stream.capacity === 'provisioned') return stream.shards;
  return Math.max(4, Math.ceil((2 * eventsPerSecond * bytesPerEvent) / shardBytesPerSecond));
}

export const shardBytesPerSecond = 1_000_000;
export const shardRecordsPerSecond = 1_000;

/** Of so many events, spread over shards by chance: how many share a record, on average. */
const packed = (events: number, shards: number): number =>
  events / (shards * -Math.expm1(events * Math.log1p(-1 / shards)));
