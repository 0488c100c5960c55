import {
  decoded,
  type FeatureValue,
  type Flag,
  type FunctionRegistry,
  type Plan,
  toExternal,
  type Value,
} from '../kernel/index.ts';
import { createDeadline, type Deadline, type RowSource } from './deadline.ts';
import type { FinishedRow } from './finish-row.ts';
import { createKeptRows } from './kept-rows.ts';
import { type LastingEntity, lastingEntity } from './lasting-entity.ts';
import { type LoadedRow, loadRows, type Reading, type StoredRows } from './load-rows.ts';
import type { Clock } from './ports.ts';
import { checkTimes, type EntityKey, queryTime, ReadRequestError } from './read-request.ts';
import { compileVectors, type Segment, type Vector } from './vector.ts';
import { type WantedRows, wantedRows } from './wanted-rows.ts';

export { type EntityKey, ReadRequestError } from './read-request.ts';

export interface ReaderOptions {
  readonly plan: Plan;
  readonly functions?: FunctionRegistry;
  readonly store: RowSource;
  readonly clock: Clock;
  /** About how much memory is kept of rows that are read again and again; 192 MiB if not given. */
  readonly keptBytes?: number;
}

export interface ReadOptions {
  /**
   * Epoch ms to answer for, instead of the clock's time; past the newest event of every row read, for what lies
   * before is answered from the archive.
   */
  readonly asOf?: number;
  /** What on-demand features need of the request. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** ms until what has not come from the store is given up: the entities that need it fail, others are answered. */
  readonly deadlineMs?: number;
}

export interface ReadResult {
  /** The query time that all values are for: the later of the clock and the newest event read + 1 ms. */
  readonly asOf: number;
  /** In the order of the keys asked for. Entities that share a row share its lists, structs and maps. */
  readonly entities: readonly EntityResult[];
}

export interface EntityResult {
  /**
   * known: some event counted in it. unknown: none did, and the values are those of no events. failed: a row could not be
   * read, or not in time, which says nothing about the entity; its values, and what is computed on demand, are null.
   */
  readonly status: 'known' | 'unknown' | 'failed';
  /** By feature name, in external form. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Features whose value is not the whole truth, and why. */
  readonly flags?: Readonly<Record<string, Flag>>;
  /** Events that count and that the values do not have, because to process them ended the process; none if not given. */
  readonly lacks?: number;
  /** What went wrong, where the status is failed. */
  readonly error?: string;
}

/** What was found of some entities, in memory form: for those who write it out themselves. */
export interface Found {
  readonly asOf: number;
  readonly vector: Vector;
  readonly entities: readonly FoundEntity[];
  /**
   * Of one entity that is read again as it was, for whoever keeps what he makes of it: how it lasts. To be asked in the turn
   * of the event loop in which it was found, and its watch to be ended.
   */
  readonly lasting?: () => LastingEntity;
}

export interface FoundEntity {
  readonly status: EntityResult['status'];
  /** By part of the vector; entities with one key there have one row. */
  readonly rows: readonly FinishedRow[];
  readonly onDemand: readonly FeatureValue[];
}

export interface Reader {
  /** Which time answers are for. */
  readonly clock: Clock;
  /** All features of a group, of many entities. Throws ReadRequestError for keys or times that make no sense. */
  readGroup(group: string, keys: readonly EntityKey[], options?: ReadOptions): Promise<ReadResult>;
  /** A service's vector, of many entities (each key has the parts that the service's groups need). */
  readService(service: string, keys: readonly EntityKey[], options?: ReadOptions): Promise<ReadResult>;
  /** Either of the two, before values become what people see; at once, where the store need not be waited for. */
  find(
    kind: Vector['kind'],
    name: string,
    keys: readonly EntityKey[],
    options?: ReadOptions,
  ): Found | Promise<Found>;
}

/**
 * Feature values from the stored rows. Each row that is needed is read and finished once, however many of the entities
 * share it: in one round of batch reads over all groups, and a second one for rows that have runs. Never takes a row
 * that could not be read for one that is not there.
 */
export function createReader({
  plan,
  functions = new Map(),
  store,
  clock,
  keptBytes = 192 << 20,
}: ReaderOptions): Reader {
  const vectors = compileVectors(plan, functions, createKeptRows(keptBytes));

  function find(
    kind: Vector['kind'],
    name: string,
    keys: readonly EntityKey[],
    options: ReadOptions = {},
  ): Found | Promise<Found> {
    const known = kind === 'group' ? vectors.groups : vectors.services;
    const vector = known.get(name);
    if (vector === undefined) {
      const names = [...known.keys()].join(', ') || 'none';
      throw new ReadRequestError('not-found', `there is no feature ${kind} ${name}; there is ${names}`);
    }
    checkTimes(options);
    const context = vector.readContext(options.context ?? {});
    const wanted = wantedRows(vector.parts, keys);
    const now = options.asOf ?? clock.now();
    const stored = vector.parts.map((part, p) => store.read(part.table, wanted[p]!.keys));
    return findRows({ vector, options, context, wanted, entities: keys.length, stored, now });
  }

  function findRows({ vector, options, context, wanted, entities, stored, now }: Asked) {
    const { parts } = vector;
    const finish = (loaded: Loaded): Found => {
      const asOf = queryTime(clock, options.asOf, loaded);
      const finished = parts.map((part, p) => loaded[p]!.map(row => part.finish(row, asOf)));
      const found: FoundEntity[] = [];
      for (let i = 0; i < entities; i++) {
        const rows = finished.map((list, p) => list[wanted[p]!.places[i]!]!);
        found.push({ status: statusOf(rows), rows, onDemand: vector.compute(rows, context) });
      }
      return { asOf, vector, entities: found };
    };
    /** Of what had to be waited for, rows may have changed since. */
    const finishAtOnce = (loaded: Loaded): Found => {
      const found = finish(loaded);
      if (entities > 1 || options.asOf !== undefined || !vector.canLast) return found;
      const lasts = lastingEntity(parts, loaded.map(firstOf), found.asOf);
      const key = wanted[0]!.keys[0]!;
      return lasts === null || store.watch === undefined
        ? found
        : { ...found, lasting: () => ({ ...lasts, watch: store.watch!(key) }) };
    };
    let deadline: Deadline | null = null;
    const reading: Reading = {
      store,
      now,
      deadline: () => (deadline ??= createDeadline(options.deadlineMs)),
    };
    const loaded = parts.map((part, p) => loadRows(part, wanted[p]!.keys, stored[p]!, reading));
    if (loaded.every((rows): rows is readonly LoadedRow[] => !(rows instanceof Promise))) {
      return finishAtOnce(loaded);
    }
    return Promise.all(loaded)
      .finally(() => deadline?.end())
      .then(finish);
  }

  return {
    clock,
    find,
    readGroup: async (name, keys, options) => external(await find('group', name, keys, options)),
    readService: async (name, keys, options) => external(await find('service', name, keys, options)),
  };
}

/** A request whose rows are on their way. */
interface Asked {
  readonly vector: Vector;
  readonly options: ReadOptions;
  readonly context: readonly Value[];
  readonly wanted: readonly WantedRows[];
  /** How many. */
  readonly entities: number;
  /** By part. */
  readonly stored: readonly (StoredRows | Promise<StoredRows>)[];
  /** The time that is asked for, or the clock's. */
  readonly now: number;
}

type Loaded = readonly (readonly LoadedRow[])[];

const firstOf = (rows: readonly LoadedRow[]): LoadedRow => rows[0]!;

function statusOf(rows: readonly FinishedRow[]): EntityResult['status'] {
  let status: EntityResult['status'] = 'unknown';
  for (const row of rows) {
    if (row.status === 'failed') return 'failed';
    if (row.status === 'known') status = 'known';
  }
  return status;
}

/** Why an entity's values are not there, if they are not. */
export const errorOf = ({ rows }: FoundEntity): string | undefined =>
  rows.find(row => row.error !== undefined)?.error;

/** How many events that count an entity's values do not have. */
export const lacksOf = ({ rows }: FoundEntity): number => rows.reduce((sum, row) => sum + row.lacks, 0);

/** The names of flagged values in these stretches of the vector, with their flags; undefined without any. */
export function flagsOf(
  segments: readonly Segment[],
  { rows }: FoundEntity,
): Record<string, Flag> | undefined {
  if (segments.every(({ part }) => rows[part]!.flags.length === 0)) return undefined;
  const flags: Record<string, Flag> = {};
  for (const { part, from, names } of segments) {
    for (const [output, flag] of rows[part]!.flags) {
      const name = names[output - from];
      if (name !== undefined) flags[name] = flag;
    }
  }
  return flags;
}

function external({ asOf, vector, entities }: Found): ReadResult {
  const known = new Map<FinishedRow, readonly unknown[]>();
  const externalOf = (row: FinishedRow, part: number): readonly unknown[] => {
    let values = known.get(row);
    if (values === undefined) {
      const { outputs } = vector.parts[part]!;
      values = row.values().map((value, i) => toExternal(decoded(value), outputs[i]!.type));
      known.set(row, values);
    }
    return values;
  };
  return {
    asOf,
    entities: entities.map(entity => {
      const values: Record<string, unknown> = {};
      for (const { part, from, names } of vector.segments) {
        const own = externalOf(entity.rows[part]!, part);
        for (let i = 0; i < names.length; i++) values[names[i]!] = own[from + i];
      }
      for (const [i, { name, type }] of vector.onDemand.entries())
        values[name] = toExternal(decoded(entity.onDemand[i]!), type);
      const flags = flagsOf(vector.segments, entity);
      const lacks = lacksOf(entity);
      const error = errorOf(entity);
      return {
        status: entity.status,
        values,
        ...(flags === undefined ? {} : { flags }),
        ...(lacks === 0 ? {} : { lacks }),
        ...(error === undefined ? {} : { error }),
      };
    }),
  };
}
