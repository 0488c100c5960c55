import {
  CorruptBytesError,
  compileExpressions,
  compileGroup,
  type FeatureValue,
  type Flag,
  type FunctionRegistry,
  type GroupKernel,
  type GroupPlan,
  type Plan,
  type ValueType,
} from '../kernel/index.ts';
import { MillraceError } from './errors.ts';
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
  const finalize = kernel.finalizer(needed);
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
    finish({ status, key, parts, lacks = 0, error }, asOf) {
      if (status === 'failed') return failed(error);
      try {
        const finished = finalize(parts, asOf);
        return { status, values: compute([finished.values]), flags: flagsOf(finished.flags), lacks };
      } catch (problem) {
        if (!(problem instanceof CorruptBytesError)) throw problem;
        return failed(`table ${tableOf(group)}, row ${key}: ${problem.message}`);
      }
    },
  };
}

const none: readonly never[] = [];
