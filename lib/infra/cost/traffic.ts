import type { GroupPlan, Plan } from '../../kernel/index.ts';
import { homeGroupOf } from '../../runtime/home-rows.ts';
import type { MeasuredTraffic } from './measure-sample.ts';
import { rowsPerEvent, type Spread } from './row-model.ts';

/** What is expected to come in and to be asked for. */
export interface Traffic {
  /** By stream. */
  readonly eventsPerSecond: Readonly<Record<string, number>>;
  /** By entity: how many there are. */
  readonly entities: Readonly<Record<string, number>>;
  /** By entity, where it is known how its events come; else they are taken to be spread evenly. */
  readonly spread?: Readonly<Record<string, Spread>>;
  /** By group: of its stream's events, those that change a row of it; all, where nothing is said. */
  readonly share?: Readonly<Record<string, number>>;
  /** An event's JSON, where no sample says it. */
  readonly bytesPerEvent: number;
  /** How many events a producer sends in one request. */
  readonly eventsPerRequest: number;
  /** Requests for feature vectors, and how many entities one asks for. */
  readonly readsPerSecond: number;
  readonly entitiesPerRead: number;
  /** By stream: what a sample of real events showed, which then counts more than what was said. */
  readonly measured?: Readonly<Record<string, MeasuredTraffic>>;
}

/** What a group's rows have to bear. */
export interface GroupLoad {
  readonly group: GroupPlan;
  /** Of the stream's events, a second, those that change a row of the group. */
  readonly eventsPerSecond: number;
  readonly rowsPerSecond: number;
  /** Of an update: runs are in it. */
  readonly writeUnitsPerRow: number;
  readonly readUnitsPerRow: number;
  readonly bytesPerRow: number;
  readonly rows: number;
  readonly isMeasured: boolean;
}

/** How a stream's events reach the transform. */
export interface Batching {
  readonly shards: number;
  /** For how long a batch is gathered. */
  readonly batchSeconds: number;
}

/** The load of each group of a stream. */
export function groupLoads(
  plan: Plan,
  stream: string,
  traffic: Traffic,
  batching: Batching,
): readonly GroupLoad[] {
  const rate = traffic.eventsPerSecond[stream] ?? 0;
  const { key } = plan.streams.find(({ name }) => name === stream) ?? { key: [] };
  return rowGroupsOf(plan, stream).map(group => {
    const rows = traffic.entities[group.entity] ?? 0;
    const measured = traffic.measured?.[stream]?.groups[group.name];
    if (measured !== undefined) {
      const { takenPerEvent, writtenPerEvent, ...perRow } = measured;
      return {
        group,
        eventsPerSecond: rate * takenPerEvent,
        rowsPerSecond: rate * writtenPerEvent,
        ...perRow,
        rows,
        isMeasured: true,
      };
    }
    // All events of an entity reach one shard where its key has the stream's in it.
    const shards = key.every(field => group.keys.includes(field)) ? 1 : batching.shards;
    const spread = traffic.spread?.[group.entity] ?? {};
    const eventsPerSecond = rate * (traffic.share?.[group.name] ?? 1);
    return {
      group,
      rows,
      eventsPerSecond,
      rowsPerSecond:
        eventsPerSecond *
        rowsPerEvent({
          eventsPerSecond,
          batchSeconds: batching.batchSeconds,
          shards,
          // How many keys there are that are no entity's nobody said: every event may be another's.
          entities: group.entity === '' ? Number.MAX_SAFE_INTEGER : rows,
          ...spread,
        }),
      ...usualRow,
      isMeasured: false,
    };
  });
}

/** A stream's groups, and where its ids are remembered in rows of their own, the group of these; that has no entity. */
export function rowGroupsOf(plan: Plan, name: string): readonly GroupPlan[] {
  const groups = plan.groups.filter(group => group.stream === name);
  const stream = plan.streams.find(candidate => candidate.name === name);
  const home = stream === undefined ? null : homeGroupOf(plan, stream);
  return home === null || groups.includes(home) ? groups : [...groups, home];
}

/** Of the rows of the feed example, after a day: `npm run bench -- --only write-units`. Sequences take the most. */
const usualRow = { writeUnitsPerRow: 1.05, readUnitsPerRow: 1.05, bytesPerRow: 2_048 } as const;
