import {
  CorruptBytesError,
  compileGroup,
  type FunctionRegistry,
  type GroupKernel,
  type GroupPlan,
  type Plan,
  type Times,
  timesAlike,
} from '../kernel/index.ts';
import { MillraceError } from './errors.ts';
import {
  arrayBytes,
  type CompiledOutputs,
  compileOutputs,
  type FinishedRow,
  type LastingRow,
} from './finish-row.ts';
import type { Kept, KeptRows, Place, Room } from './kept-rows.ts';
import type { LoadedRow } from './load-rows.ts';
import { type EntityKey, keyReader } from './read-request.ts';
import { tableOf } from './rows.ts';

/** Some features of a group, derived ones among them, compiled. */
export interface GroupView extends Pick<CompiledOutputs, 'outputs' | 'decay' | 'decayingWidth'> {
  readonly kernel: GroupKernel;
  readonly table: string;
  /** The parts of its entity's key, by name. */
  readonly keyParts: readonly string[];
  /** The row's key for an entity's; one function for all views of groups of that entity. Throws ReadRequestError. */
  readonly keyOf: (key: EntityKey) => string;
  /** A row that is kept at this version. */
  known(key: string, version: number): LoadedRow | undefined;
  finish(row: LoadedRow, asOf: number): FinishedRow;
  /** The row as it stays, if it is kept, or there is none; null for others, and for those that lack events. */
  steady(row: LoadedRow, asOf: number): SteadyRow | null;
}

/** What a row says at all of these times. */
export interface SteadyRow extends Pick<LastingRow, 'at' | 'decaying'> {
  readonly times: Times;
}

/** Makes a view of a group with some of its features. Throws for features that are not there. */
export type ViewOf = (group: string, features: readonly string[]) => GroupView;

/** Compiles each group of a Plan once, for all views of it. Each call is for views that are read together: those of a vector. */
export function groupViews(plan: Plan, functions: FunctionRegistry, kept: KeptRows): () => ViewOf {
  const kernels = new Map<string, GroupKernel>();
  const keys = new Map(plan.entities.map(entity => [entity.name, keyReader(entity)]));
  const view = (
    name: string,
    features: readonly string[],
    roomOf: (keyOf: GroupView['keyOf']) => Room,
  ): GroupView => {
    const group = plan.groups.find(g => g.name === name);
    const entity = plan.entities.find(e => e.name === group?.entity);
    if (group === undefined || entity === undefined)
      throw new MillraceError(`the Plan names a group ${name} that is not there`);
    const kernel = kernels.get(name) ?? compileGroup(plan, group, functions);
    kernels.set(name, kernel);
    const keyParts = entity.keys.map(part => part.name);
    const compiled = compileOutputs(kernel, features, functions);
    const keyOf = keys.get(entity.name)!;
    return {
      kernel,
      table: tableOf(group),
      keyParts,
      keyOf,
      outputs: compiled.outputs,
      decay: compiled.decay,
      decayingWidth: compiled.decayingWidth,
      ...keepingRows(compiled, roomOf(keyOf).place()),
    };
  };
  return () => {
    const rooms = new Map<GroupView['keyOf'], Room>();
    const roomOf = (keyOf: GroupView['keyOf']): Room => {
      const room = rooms.get(keyOf) ?? kept.room();
      rooms.set(keyOf, room);
      return room;
    };
    return (group, features) => view(group, features, roomOf);
  };
}

/** A row that is kept, with its own bytes. */
interface KeptRow extends LoadedRow, SteadyRow {}

const isKept = (row: LoadedRow): row is KeptRow => 'times' in row;

export const isWithin = ({ from, until }: Times, asOf: number): boolean => asOf >= from && asOf < until;

/** Finishes rows, and keeps those that are asked for again as they were. */
function keepingRows(
  { windows, finish, finishForLong }: CompiledOutputs,
  place: Place<KeptRow>,
): Pick<GroupView, 'known' | 'finish' | 'steady'> {
  let times = timesAlike(windows, 0);
  /** Of no row at all; without events nothing depends on the time. */
  let nothing: SteadyRow | null = null;
  const isNothing = ({ version, status, lacks }: LoadedRow): boolean =>
    version === 0 && status === 'unknown' && lacks === undefined;

  /** What is kept is views: it must not keep the store's memory alive. */
  function keep(row: LoadedRow, kept: Kept<KeptRow>, asOf: number): FinishedRow {
    const own = { ...row, parts: row.parts.map(part => new Uint8Array(part)) };
    const { first, at, decaying } = finishForLong(own, asOf, bytes => place.grow(kept, bytes));
    const bytes = own.parts.reduce((sum, part) => sum + part.length + arrayBytes, rowBytes);
    place.keep(kept, { ...own, times: kept.times, at, decaying }, bytes);
    return first;
  }

  return {
    known(key, version) {
      const kept = place.get(key);
      return kept?.version === version && kept.made !== null ? kept.made : undefined;
    },

    finish(row, asOf) {
      if (isKept(row) && isWithin(row.times, asOf)) return row.at(asOf);
      const { key, version } = row;
      if (version === 0) {
        if (!isNothing(row)) return finish(row, asOf);
        nothing ??= { ...finishForLong(row, asOf, () => {}), times: eternity };
        return nothing.at(asOf);
      }
      const kept = place.get(key);
      if (kept?.version === version && isWithin(kept.times, asOf)) {
        try {
          return kept.made?.at(asOf) ?? keep(row, kept, asOf);
        } catch (problem) {
          if (!(problem instanceof CorruptBytesError)) throw problem;
          return finish(row, asOf);
        }
      }
      if (!isWithin(times, asOf)) times = timesAlike(windows, asOf);
      place.note(key, version, times);
      return finish(row, asOf);
    },

    steady(row, asOf) {
      if (isKept(row)) return isWithin(row.times, asOf) && row.lacks === undefined ? row : null;
      return isNothing(row) ? nothing : null;
    },
  };
}

const eternity: Times = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY };

/** What a row takes that is kept, beside its bytes and texts. */
const rowBytes = 2_300;

export const featureNames = (group: GroupPlan): readonly string[] =>
  [...group.features, ...group.derived].map(f => f.name);
