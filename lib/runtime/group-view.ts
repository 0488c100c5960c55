import {
  CorruptBytesError,
  compileExpressions,
  compileGroup,
  type FeatureValue,
  type FeatureValues,
  type Flag,
  type FunctionRegistry,
  type GroupKernel,
  type GroupPlan,
  type Plan,
  type ValueType,
  windowStart,
} from '../kernel/index.ts';
import { MillraceError } from './errors.ts';
import { createFinishedRows } from './finished-rows.ts';
import type { LoadedRow } from './load-rows.ts';
import { type EntityKey, keyReader } from './read-request.ts';
import { tableOf } from './rows.ts';

/** A feature as readers see it. */
export interface Output {
  readonly name: string;
  readonly type: ValueType;
}

/** What a row says of its entity at one time. */
export interface FinishedRow {
  readonly status: 'known' | 'unknown' | 'failed';
  /** In the order of the view's outputs; all null where it failed. */
  readonly values: readonly FeatureValue[];
  /** Values that are not the whole truth: their index, and why. */
  readonly flags: readonly (readonly [output: number, flag: Flag])[];
  /** Events that count and that the row lacks; 0 in nearly every row. */
  readonly lacks: number;
  /** What went wrong, where it failed. */
  readonly error?: string;
}

/** Some features of a group, derived ones among them, compiled. */
export interface GroupView {
  readonly kernel: GroupKernel;
  /** The parts of its entity's key, by name. */
  readonly keyParts: readonly string[];
  /** The row's key for an entity's. Throws ReadRequestError. */
  keyOf(key: EntityKey): string;
  readonly outputs: readonly Output[];
  finish(row: LoadedRow, asOf: number): FinishedRow;
}

/** Compiles each group of a Plan once, and views of it as they are asked for. Throws for features that are not there. */
export function groupViews(plan: Plan, functions: FunctionRegistry) {
  const kernels = new Map<string, GroupKernel>();
  return (name: string, features: readonly string[]): GroupView => {
    const group = plan.groups.find(g => g.name === name);
    const entity = plan.entities.find(e => e.name === group?.entity);
    if (group === undefined || entity === undefined)
      throw new MillraceError(`the Plan names a group ${name} that is not there`);
    const kernel = kernels.get(name) ?? compileGroup(plan, group, functions);
    kernels.set(name, kernel);
    const keyParts = entity.keys.map(part => part.name);
    return { kernel, keyParts, keyOf: keyReader(entity), ...compileOutputs(kernel, features, functions) };
  };
}

export const featureNames = (group: GroupPlan): readonly string[] =>
  [...group.features, ...group.derived].map(f => f.name);

function compileOutputs(
  kernel: GroupKernel,
  features: readonly string[],
  functions: FunctionRegistry,
): Pick<GroupView, 'outputs' | 'finish'> {
  const { group } = kernel;
  const outputs = features.map((name): Output => {
    const found = [...group.features, ...group.derived].find(f => f.name === name);
    if (found === undefined)
      throw new MillraceError(`the Plan names a feature ${group.name}.${name} that is not there`);
    return { name, type: found.type };
  });
  // The aggregated features that outputs are, or are derived from, in the order in which they turn up.
  const needed: number[] = [];
  const compute = compileExpressions(
    outputs.map(({ name, type }) => ({ kind: 'field', source: 'feature', name, type })),
    ({ name }) => {
      const derived = group.derived.find(d => d.name === name);
      if (derived !== undefined) return derived;
      const index = group.features.findIndex(f => f.name === name);
      if (!needed.includes(index)) needed.push(index);
      return { list: 0, at: needed.indexOf(index), type: (group.features[index] as Output).type };
    },
    functions,
  );
  const finalize = finalizerOf(kernel, needed);
  const direct = outputs.flatMap(({ name }, output) => {
    const index = group.features.findIndex(f => f.name === name);
    return index < 0 ? [] : [{ output, at: needed.indexOf(index) }];
  });
  /** Flags of features that others are derived from, and that are no outputs themselves, are not told. */
  const flagsOf = (flags: readonly (Flag | undefined)[]): FinishedRow['flags'] => {
    if (flags.every(flag => flag === undefined)) return none;
    return direct.flatMap(({ output, at }) => {
      const flag = flags[at];
      return flag === undefined ? [] : [[output, flag] as const];
    });
  };
  const nulls = outputs.map(() => null);
  const failed = (error: string | undefined): FinishedRow => ({
    status: 'failed',
    values: nulls,
    flags: none,
    lacks: 0,
    ...(error === undefined ? {} : { error }),
  });

  return {
    outputs,
    finish(row, asOf) {
      const { status, key, lacks = 0, error } = row;
      if (status === 'failed') return failed(error);
      try {
        const finished = finalize(row, asOf);
        return { status, values: compute([finished.values]), flags: flagsOf(finished.flags), lacks };
      } catch (problem) {
        if (!(problem instanceof CorruptBytesError)) throw problem;
        return failed(`table ${tableOf(group)}, row ${key}: ${problem.message}`);
      }
    },
  };
}

/** The aggregated features `needed` of a row; what does not depend on the very time asked for may be known already. */
function finalizerOf(
  kernel: GroupKernel,
  needed: readonly number[],
): (row: LoadedRow, asOf: number) => FeatureValues<FeatureValue> {
  const { slots, features } = kernel.group;
  const places = [...needed.keys()];
  const decays = (place: number): boolean => slots[features[needed[place]!]!.slot]!.aggregator === 'decayed';
  const lasting = places.filter(place => !decays(place));
  const decaying = places.filter(decays);
  const indexesOf = (list: readonly number[]): number[] => list.map(place => needed[place]!);
  const finalizeLasting = kernel.finalizer(indexesOf(lasting));
  const finalizeDecaying = kernel.finalizer(indexesOf(decaying));
  const windows = [...new Set(lasting.map(place => features[needed[place]!]!.window))];
  const known = createFinishedRows<FeatureValues<FeatureValue>>(rowsKnown);
  let epoch = { asOf: Number.NaN, text: '' };

  return ({ key, version, parts }, asOf) => {
    if (epoch.asOf !== asOf) epoch = { asOf, text: windows.map(w => windowStart(w, asOf)).join() };
    const lastingValues =
      version === 0
        ? finalizeLasting(parts, asOf)
        : known.get(key, version, epoch.text, isKept =>
            // What stays encoded is a view: it must not keep the store's memory alive.
            finalizeLasting(isKept ? parts.map(part => part.slice()) : parts, asOf),
          );
    if (decaying.length === 0) return lastingValues;
    const { values: decayed, flags: decayedFlags } = finalizeDecaying(parts, asOf);
    const values: FeatureValue[] = new Array(needed.length);
    const flags: (Flag | undefined)[] = new Array(needed.length);
    for (const [i, place] of lasting.entries()) {
      values[place] = lastingValues.values[i]!;
      flags[place] = lastingValues.flags[i];
    }
    for (const [i, place] of decaying.entries()) {
      values[place] = decayed[i]!;
      flags[place] = decayedFlags[i];
    }
    return { values, flags };
  };
}

/** Of one view of a group. */
const rowsKnown = 20_000;

const none: readonly never[] = [];
