import {
  CorruptBytesError,
  compileExpressions,
  type Decaying,
  decays,
  type FeatureValue,
  type Flag,
  type FunctionRegistry,
  type GroupKernel,
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
  values(): readonly FeatureValue[];
  /** Those of the outputs that decay, in order. */
  readonly decaying: readonly FeatureValue[];
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
  readonly known: readonly (Uint8Array | undefined)[];
  put(place: number, text: Uint8Array): void;
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
  /**
   * Makes what is worth keeping of a row, which is good at all times alike (see `timesAlike`). `grow` is told of the
   * bytes that are kept later on. Throws CorruptBytesError.
   */
  finishForLong(row: LoadedRow, asOf: number, grow: (bytes: number) => void): LastingRow;
  /** The outputs that decay of a row that lasts: `decaying` has what they are made of from `at` on. */
  decay(decaying: ArrayLike<unknown>, at: number, asOf: number): Decayed;
  /** How much of it there is, of every row. */
  readonly decayingWidth: number;
}

export interface LastingRow {
  /** At the time that it was made for. */
  readonly first: FinishedRow;
  at(asOf: number): FinishedRow;
  /** What the outputs that decay are made of, and what else they are derived from, for `decay`. */
  readonly decaying: Decaying;
}

/** The outputs that decay, at one time. */
export interface Decayed {
  readonly values: readonly FeatureValue[];
  /** Of the features that decay, in order; null where none is flagged. */
  readonly flags: readonly (Flag | undefined)[] | null;
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
  const placeOf = (index: number): number => {
    if (!needed.includes(index)) needed.push(index);
    return needed.indexOf(index);
  };
  const compile = (names: readonly string[], inList: (index: number) => { list: number; at: number }) =>
    compileExpressions(
      names.map(name => ({ kind: 'field', source: 'feature', name, type: typeOf(name) })),
      ({ name }) => {
        const derived = group.derived.find(d => d.name === name);
        if (derived !== undefined) return derived;
        const index = group.features.findIndex(f => f.name === name);
        return { ...inList(index), type: group.features[index]!.type };
      },
      functions,
    );
  const compute = compile(features, index => ({ list: 0, at: placeOf(index) }));
  const decaying = needed.filter(index => decays(group, group.features[index]!));
  const outputs = features.map((name): ViewOutput => {
    let uses = false;
    compile([name], index => {
      uses ||= decaying.includes(index);
      return { list: 0, at: 0 };
    });
    return { name, type: typeOf(name), decays: uses };
  });
  const changing = [...outputs.keys()].filter(output => outputs[output]!.decays);
  // Those that decay at another time, and what else their outputs are derived from.
  const basis: number[] = [];
  const computeChanging = compile(
    changing.map(output => features[output]!),
    index => {
      if (decaying.includes(index)) return { list: 1, at: decaying.indexOf(index) };
      if (!basis.includes(index)) basis.push(index);
      return { list: 0, at: basis.indexOf(index) };
    },
  );
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
  const decayingPlaces = decaying.map(placeOf);
  const unflagged = needed.map(() => undefined);
  const pick = (values: readonly FeatureValue[]) => changing.map(output => values[output]!);
  const nulls = outputs.map(() => null);
  const failed = (error: string): FinishedRow => ({
    status: 'failed',
    values: () => nulls,
    decaying: pick(nulls),
    flags: none,
    lacks: 0,
    error,
  });

  const basisAt = finalize.decayingWidth;
  const decayingWidth = basisAt + basis.length;

  // One for all rows: the outputs have been made of it before the next is asked for.
  const basics: FeatureValue[] = [];
  const decayed: FeatureValue[] = [];
  const changingLists = [basics, decayed];

  function decay(decaying: ArrayLike<unknown>, at: number, asOf: number): Decayed {
    const flags = finalize.decayed(decaying, at, asOf, decayed);
    for (let i = 0; i < basis.length; i++) basics[i] = decaying[at + basisAt + i] as FeatureValue;
    return { values: computeChanging(changingLists), flags };
  }

  return {
    outputs,
    decay,
    decayingWidth,
    windows: [...new Set(needed.map(index => group.features[index]!.window))],

    finish(row, asOf) {
      const { status, key, parts, lacks = 0, error = '' } = row;
      if (status === 'failed') return failed(error);
      try {
        const { values: given, flags } = finalize(parts, asOf);
        const values = compute([given]);
        return { status, values: () => values, decaying: pick(values), flags: flagsOf(flags), lacks };
      } catch (problem) {
        if (!(problem instanceof CorruptBytesError)) throw problem;
        return failed(`table ${tableOf(group)}, row ${key}: ${problem.message}`);
      }
    },

    finishForLong({ status, parts, lacks = 0 }, asOf, grow) {
      const partials: Decaying = [];
      const { values: given, flags } = finalize(parts, asOf, partials);
      const values = compute([given]);
      const texts = createTexts(grow);
      // Not kept before somebody asks for them: answers take the texts.
      let held: readonly FeatureValue[] | null = null;
      const hold = (): readonly FeatureValue[] => {
        if (held === null) {
          held = compute([finalize(parts, asOf).values]);
          grow(16 * held.length + parts.reduce((sum, part) => sum + part.length, 0));
        }
        return held;
      };
      const first = {
        status,
        values: always(values),
        decaying: pick(values),
        flags: flagsOf(flags),
        lacks,
        texts,
      };
      if (decaying.length === 0) {
        return { first, at: always({ ...first, values: hold }), decaying: partials };
      }
      for (const index of basis) partials.push(given[placeOf(index)]);
      const lastingFlags = flags.every(flag => flag === undefined)
        ? unflagged
        : flags.map((flag, place) => (decayingPlaces.includes(place) ? undefined : flag));
      const lasting = flagsOf(lastingFlags);
      return {
        first,
        decaying: partials,
        at(time) {
          const { values: decayed, flags: others } = decay(partials, 0, time);
          let all: readonly FeatureValue[] | null = null;
          const allValues = (): readonly FeatureValue[] => (all ??= replaced(hold(), changing, decayed));
          const flags =
            others === null
              ? lasting
              : flagsOf(lastingFlags.map((flag, at) => others[decayingPlaces.indexOf(at)] ?? flag));
          return { status, values: allValues, decaying: decayed, flags, lacks, texts };
        },
      };
    },
  };
}

/** A function of its own scope: what is kept must not hold what it only gives once. */
const always =
  <T>(value: T) =>
  (): T =>
    value;

function replaced(
  values: readonly FeatureValue[],
  places: readonly number[],
  by: readonly FeatureValue[],
): readonly FeatureValue[] {
  const all = values.slice();
  for (let i = 0; i < places.length; i++) all[places[i]!] = by[i]!;
  return all;
}

function createTexts(grow: (bytes: number) => void): RowTexts {
  const known: Uint8Array[] = [];
  return {
    known,
    put(place, text) {
      known[place] = text;
      grow(text.length + arrayBytes);
    },
  };
}

/** Of a typed array, beside its bytes. */
export const arrayBytes = 250;

const none: readonly never[] = [];
