import {
  approxDistinct,
  count,
  decayedCount,
  definitions,
  distinct,
  entity,
  featureGroup,
  histogram,
  int,
  lastK,
  oneOf,
  stream,
  string,
  sum,
  timestamp,
} from '../../lib/define/index.ts';
import type { Clock, LogRecord, Quarantine, StateStore } from '../../lib/runtime/ports.ts';
import { createReader } from '../../lib/runtime/read.ts';
import type { RowLimits } from '../../lib/runtime/rows.ts';
import { createTransform } from '../../lib/runtime/transform.ts';
import { noCounts } from '../../lib/runtime/transform-result.ts';
import { createMemoryQuarantine } from './memory-quarantine.ts';
import { createMemory, createMemoryStateStore, type MemoryStateStoreOptions } from './memory-state-store.ts';
import { createMemoryUnapplied } from './memory-unapplied.ts';

/** Plays of songs by users: the stream, groups and records that the runtime's tests share. */

export const user = entity('user', { keys: { user: string() } });
export const song = entity('song', { keys: { song: string() } });

export const plays = stream('plays', {
  schema: {
    user: string(),
    song: string().nullable(),
    action: oneOf('start', 'finish'),
    ms: int().optional(),
    ts: timestamp(),
  },
  eventTime: 'ts',
  key: 'user',
});

/** Counts every play of a user. */
export const userPlays = featureGroup('user_plays', {
  entity: user,
  from: plays,
  features: e => ({ plays: count().over('7d', 'lifetime'), ms: sum(e.ms).over('7d', 'lifetime') }),
});

/** Counts finished plays of a song, for an hour: short-sighted and choosy. */
export const songFinishes = featureGroup('song_finishes', {
  entity: song,
  from: plays,
  features: e => ({ finishes: count().where(e.action.eq('finish')).over('1h') }),
});

/** Counts plays of a song, which come from every shard. */
export const songPlays = featureGroup('song_plays', {
  entity: song,
  from: plays,
  features: () => ({ plays: count().over('7d') }),
});

/** State of every form, so that rows outgrow small heads: tiles, recent values, sets, sketches, maps. */
export const songHistory = featureGroup('song_history', {
  entity: song,
  from: plays,
  features: e => ({
    plays: count().over('1h', '7d', 'lifetime'),
    ms: sum(e.ms).over('24h', '30d'),
    users: approxDistinct(e.user).over('7d'),
    who: distinct(e.user, { limit: 40 }).over('24h'),
    recent: lastK(e.user, 30),
    actions: histogram(e.action).over('24h', 'lifetime'),
    ms_by_user: sum(e.ms).by(e.user, { limit: 20 }).over('24h'),
    heat: decayedCount({ halfLife: '6h' }).over('7d'),
  }),
});

export const now = Date.UTC(2024, 4, 1, 12);
export const incarnation = 'plays-1';

export interface Play {
  readonly user?: unknown;
  readonly song?: unknown;
  readonly action?: unknown;
  readonly ms?: unknown;
  readonly ts?: unknown;
  readonly [field: string]: unknown;
}

/** A whole play as JSON text: u1 starts s1 now, unless said otherwise. */
export const playText = (play: Play = {}): string =>
  JSON.stringify({ user: 'u1', song: 's1', action: 'start', ms: 1, ts: now, ...play });

export const record = (
  sequence: number | bigint,
  data: string | Uint8Array | Play = {},
  { shard = 'a', arrivalTime = now }: { readonly shard?: string; readonly arrivalTime?: number } = {},
): LogRecord => ({
  shard,
  sequence,
  arrivalTime,
  data: data instanceof Uint8Array ? data : Buffer.from(typeof data === 'string' ? data : playText(data)),
});

type Groups = Parameters<typeof definitions>[0]['groups'];

export interface World extends MemoryStateStoreOptions {
  readonly groups?: Groups;
  readonly limits?: RowLimits;
  readonly clock?: Clock;
  /** Called before each put to the quarantine. */
  readonly beforePut?: () => void | Promise<void>;
  /** Called before each put of unapplied events. */
  readonly beforeUnapplied?: () => void | Promise<void>;
}

/** What a transform answers when all is settled and nothing counted. */
export const settled = { ...noCounts, copies: 0, failures: [], error: null };

/**
 * One memory and what works on it: `newTransform` gives a transform as a new process would have it, with the world's
 * faults; `values` and `store` see what is stored, without them.
 */
export function createWorld({
  groups = [userPlays, songFinishes, songPlays],
  limits,
  clock = { now: () => now },
  beforePut,
  beforeUnapplied,
  ...faults
}: World = {}) {
  const { plan, functions } = definitions({ groups });
  const memory = createMemory();
  const store = createMemoryStateStore({}, memory);
  const faulty = createMemoryStateStore(faults, memory);
  const quarantine: Quarantine = createMemoryQuarantine(beforePut);
  const unapplied = createMemoryUnapplied(beforeUnapplied);
  const newTransform = (through: StateStore = faulty, life = incarnation) =>
    createTransform({
      plan,
      functions,
      stream: 'plays',
      incarnation: life,
      store: through,
      quarantine,
      unapplied,
      clock,
      ...(limits === undefined ? {} : { limits }),
    });
  const reader = createReader({ plan, functions, store, clock });
  return {
    plan,
    functions,
    memory,
    store,
    faulty,
    quarantine,
    unapplied,
    newTransform,
    reader,
    transform: newTransform(),
    progress: async (shard = 'a') => (await store.readProgress(incarnation)).get(shard) ?? null,
    quarantined: async () =>
      (await quarantine.list({ limit: 1000 })).map(({ id: _, ...event }) => ({
        ...event,
        payload: Buffer.from(event.payload).toString(),
      })),
    /** A group's rows by key: the values of one query time, which none may fail to give. */
    async values(group: string, asOf?: number): Promise<Record<string, Record<string, unknown>>> {
      const found = plan.groups.find(g => g.name === group)!;
      const keys: string[] = [];
      for await (const key of store.scan(`${group}@${found.version}`)) keys.push(key);
      keys.sort();
      const result = await reader.readGroup(
        group,
        keys.map(key => ({ [found.entity]: key })),
        asOf === undefined ? {} : { asOf },
      );
      return Object.fromEntries(
        result.entities.map(({ status, values, error }, i) => {
          if (status !== 'known') throw new Error(`${group} ${keys[i]} is ${status}: ${error}`);
          return [keys[i], values];
        }),
      );
    },
  };
}
