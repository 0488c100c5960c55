import {
  CorruptBytesError,
  compileExpressions,
  decays,
  type FeatureValue,
  type Flag,
  type FunctionRegistry,
  type GroupKernel,
  type JsonPiece,
  type Later,
  type ValueType,
  type Window,
} from '../kernel/index.ts';
import { MillraceError } from './errors.ts';
import type { LoadedRow } from './load-rows.ts';
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
  /** Of a row that is kept. */
  readonly texts?: RowTexts;
}

/** Beside a row that is kept: its values in JSON, but for those that decay, by place of a vector's segment (vector.ts). */
export interface RowTexts {
  readonly known: readonly (JsonPiece | undefined)[];
  put(place: number, text: JsonPiece): void;
}

export interface ViewOutput extends Output {
  /** Whether it decays, or is derived from what does: its value is another one at every millisecond. */
  readonly decays: boolean;
}

export interface CompiledOutputs {
  readonly outputs: readonly ViewOutput[];
  /** Of all features that outputs are or are derived from. */
  readonly windows: readonly Window[];
  finish(row: LoadedRow, asOf: number): FinishedRow;
  /** The row at all times alike (see `timesAlike`). Throws CorruptBytesError. */
  finishForLong(row: LoadedRow, asOf: number, texts: RowTexts): (asOf: number) => FinishedRow;
}

/** Throws for features that are not there. */
export function compileOutputs(
  kernel: GroupKernel,
  features: readonly string[],
  functions: FunctionRegistry,
): CompiledOutputs {
  const { group } = kernel;
  const typeOf = (name: string): ValueType => {
    const found = [...group.features, ...group.derived].find(f => f.name === name);
    if (found === undefined)
      throw new MillraceError(`the Plan names a feature ${group.name}.${name} that is not there`);
    return found.type;
  };
  // The aggregated features that outputs are, or are derived from, in the order in which they turn up.
  const needed: number[] = [];
  const compile = (names: readonly string[], use: (place: number) => void = () => {}) =>
    compileExpressions(
      names.map(name => ({ kind: 'field', source: 'feature', name, type: typeOf(name) })),
      ({ name }) => {
        const derived = group.derived.find(d => d.name === name);
        if (derived !== undefined) return derived;
        const index = group.features.findIndex(f => f.name === name);
        if (!needed.includes(index)) needed.push(index);
        const at = needed.indexOf(index);
        use(at);
        return { list: 0, at, type: group.features[index]!.type };
      },
      functions,
    );
  const compute = compile(features);
  const decaying = [...needed.keys()].filter(place => decays(group, group.features[needed[place]!]!));
  const outputs = features.map((name): ViewOutput => {
    const uses: number[] = [];
    compile([name], place => uses.push(place));
    return { name, type: typeOf(name), decays: uses.some(place => decaying.includes(place)) };
  });
  const changing = [...outputs.keys()].filter(output => outputs[output]!.decays);
  const computeChanging = compile(changing.map(output => features[output]!));
  const finalize = kernel.finalizer(needed);
  const direct = features.flatMap((name, output) => {
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
  const failed = (error: string): FinishedRow => ({
    status: 'failed',
    values: nulls,
    flags: none,
    lacks: 0,
    error,
  });

  return {
    outputs,
    windows: [...new Set(needed.map(index => group.features[index]!.window))],

    finish(row, asOf) {
      const { status, key, parts, lacks = 0, error = '' } = row;
      if (status === 'failed') return failed(error);
      try {
        const { values, flags } = finalize(parts, asOf);
        return { status, values: compute([values]), flags: flagsOf(flags), lacks };
      } catch (problem) {
        if (!(problem instanceof CorruptBytesError)) throw problem;
        return failed(`table ${tableOf(group)}, row ${key}: ${problem.message}`);
      }
    },

    finishForLong({ status, parts, lacks = 0 }, asOf, texts) {
      const later: Later[] = [];
      const found = finalize(parts, asOf, later);
      const row = { status, values: compute([found.values]), flags: flagsOf(found.flags), lacks, texts };
      if (decaying.length === 0) return () => row;
      const values = [...found.values];
      const flags = [...found.flags];
      return time => {
        for (let i = 0; i < decaying.length; i++) {
          const { value, flag } = later[i]!(time);
          values[decaying[i]!] = value;
          flags[decaying[i]!] = flag;
        }
        const all = row.values.slice();
        const changed = computeChanging([values]);
        for (let i = 0; i < changing.length; i++) all[changing[i]!] = changed[i]!;
        return { status, values: all, flags: flagsOf(flags), lacks, texts };
      };
    },
  };
}

const none: readonly never[] = [];
