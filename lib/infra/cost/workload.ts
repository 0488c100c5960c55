import type { Plan } from '../../kernel/index.ts';
import { MillraceError } from '../../runtime/errors.ts';
import { type EnvironmentSettings, type StreamSettings, secondsOf } from '../environment/index.ts';
import { type Batching, type GroupLoad, groupLoads, type Traffic } from './traffic.ts';

/** What an environment has to do for the traffic that is expected. */
export interface Workload {
  readonly plan: Plan;
  readonly settings: EnvironmentSettings;
  readonly traffic: Traffic;
  readonly streams: readonly StreamLoad[];
}

export interface StreamLoad extends Arrival, Batching {
  readonly name: string;
  readonly settings: StreamSettings;
  /** Events of a request that go to one shard travel as one record, a line each. */
  readonly eventsPerRecord: number;
  readonly groups: readonly GroupLoad[];
}

/** Throws a MillraceError where the settings have no stream that the Plan has. */
export function workloadOf(plan: Plan, settings: EnvironmentSettings, traffic: Traffic): Workload {
  const streams = plan.streams.map(({ name }): StreamLoad => {
    const stream = settings.streams[name];
    if (stream === undefined)
      throw new MillraceError(
        `environment ${settings.name}: streams.${name} is missing, and the definitions have it`,
      );
    const arrival: Arrival = {
      eventsPerSecond: traffic.eventsPerSecond[name] ?? 0,
      bytesPerEvent: traffic.measured?.[name]?.bytesPerEvent ?? traffic.bytesPerEvent,
      eventsPerRequest: traffic.eventsPerRequest,
    };
    const batching = batchingOf(stream, arrival);
    return {
      name,
      settings: stream,
      ...arrival,
      eventsPerRecord: packed(arrival, batching.shards),
      ...batching,
      groups: groupLoads(plan, name, traffic, batching),
    };
  });
  return { plan, settings, traffic, streams };
}

/** How a stream's events come in. */
export interface Arrival {
  readonly eventsPerSecond: number;
  readonly bytesPerEvent: number;
  readonly eventsPerRequest: number;
}

/** How many shards a stream has for that, and how long its batches are gathered: no longer than until they are full. */
export function batchingOf({ source, batch }: StreamSettings, arrival: Arrival): Batching {
  const { eventsPerSecond, bytesPerEvent } = arrival;
  // On demand a stream begins with four shards, and keeps room for twice the load.
  const shards =
    source.kind === 'provisioned'
      ? source.shards
      : Math.max(4, Math.ceil((2 * eventsPerSecond * bytesPerEvent) / shardBytesPerSecond));
  const mostEvents = Math.min(batch.records * packed(arrival, shards), mostBatchBytes / bytesPerEvent);
  const full = (mostEvents * shards) / eventsPerSecond;
  return { shards, batchSeconds: Math.min(Math.max(secondsOf(batch.window), leastBatchSeconds), full) };
}

/** Without a window a function is called again as soon as it is done. */
const leastBatchSeconds = 0.2;

/**
 * The design that others are measured by: each event is a record of its own, and updates the row of every group of its
 * stream by itself, with no reading and never more than 1 KB. All else is as it is.
 */
export const naiveOf = (workload: Workload): Workload => ({
  ...workload,
  streams: workload.streams.map(stream => ({
    ...stream,
    eventsPerRecord: 1,
    groups: stream.groups.filter(isOfPlan).map(group => ({
      ...group,
      rowsPerSecond: stream.eventsPerSecond,
      writeUnitsPerRow: 1,
      readUnitsPerRow: 0,
    })),
  })),
});

/** Not rows that remember ids only: the naive design counts copies. */
const isOfPlan = ({ group }: GroupLoad): boolean => group.entity !== '';

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

export const shardBytesPerSecond = 1_000_000;
export const shardRecordsPerSecond = 1_000;

/** Of a request's events, spread over shards by chance: how many share a record, on average. */
function packed({ eventsPerRequest, bytesPerEvent }: Arrival, shards: number): number {
  const filledShards = shards * -Math.expm1(eventsPerRequest * Math.log1p(-1 / shards));
  return Math.max(1, Math.min(eventsPerRequest / filledShards, fullRecordBytes / (bytesPerEvent + 1)));
}

/** As the producer of ingest packs them (adapters/kinesis/producer.ts). */
const fullRecordBytes = 65_536;
