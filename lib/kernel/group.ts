import { Reader, Writer } from './codec/bytes.ts';
import { stateCodec } from './codec/state.ts';
import { compileCompact } from './compact.ts';
import { cutState } from './cut.ts';
import type { StreamEvent } from './event.ts';
import { ExpressionError, type FunctionRegistry } from './expression/emit.ts';
import { allDecoded, compileFinalize, type FeatureValues, type Finalize } from './finalize.ts';
import { type KeyEncoder, keyEncoder } from './key.ts';
import type { GroupPlan, Plan } from './plan.ts';
import { longestOf, shapeOf } from './shape.ts';
import type { State } from './state.ts';
import { mergeTrack } from './tiles.ts';
import { compilePrograms } from './update.ts';
import { windowStart } from './window.ts';

/** One feature group, compiled. Every function is pure but for the state it is told to change. */
export interface GroupKernel {
  readonly group: GroupPlan;
  /** Names of the features, in the order of `finalize`'s values. */
  readonly features: readonly string[];
  /** The entity's row key for an event, or null where the event is not of this group's entity. */
  keyOf: KeyEncoder;
  /** The earliest event time that some window can still see at an arrival time. */
  earliestVisible(arrivalTime: number): number;
  createState(): State;
  /** Whether some slot takes the event: others leave a row as it is. */
  takes(event: StreamEvent): boolean;
  /** Folds one event in; false, and nothing changed, when no slot takes it. O(slots), amortized. */
  update(state: State, event: StreamEvent): boolean;
  /** Adds all that `from` holds to `into`; `from` stays as it was. */
  merge(into: State, from: State): void;
  encode(state: State): Uint8Array;
  /** Writes the state where a row is being written. */
  write(w: Writer, state: State): void;
  read(r: Reader): State;
  /** Looks at as little as it can: what is corrupt further in may show, as CorruptBytesError, in any use of the state. */
  decode(bytes: Uint8Array): State;
  /** Looks at all that `decode` left for later. Throws CorruptBytesError for bytes that are no state. */
  check(state: State): void;
  /**
   * States that together are this one, each of about `bytes` encoded at most: by tiles, then by slots. A single
   * partial is never cut.
   */
  cut(state: State, bytes: number): State[];
  /**
   * The features' values at query time `q`, which must be past the newest event; of an unknown entity for null. The state
   * stays as it is. It is encoded for that: who has its bytes takes a `finalizer`.
   */
  finalize(state: State | null, q: number): FeatureValues;
  /**
   * Compiles what gives the values of some features, by their index, at a query time past the newest event.
   * O(tiles × slots) a row. Lists that are encoded stay so.
   */
  finalizer(features: readonly number[]): Finalize;
}

export function compileGroup(
  plan: Pick<Plan, 'streams'>,
  group: GroupPlan,
  functions: FunctionRegistry = new Map(),
): GroupKernel {
  const stream = plan.streams.find(s => s.name === group.stream);
  if (stream === undefined)
    throw new ExpressionError(`group ${group.name}: the Plan has no stream ${group.stream}`);
  const shape = shapeOf(group, stream);
  const { tracks, recents } = shape;
  const { takes, update } = compilePrograms(group, stream, shape, functions);
  const codec = stateCodec(shape);
  const compact = compileCompact(shape);
  const longest = longestOf(group.slots.flatMap(s => s.windows));
  const writer = new Writer();
  let finalizeAll: Finalize | null = null;

  const kernel: GroupKernel = {
    group,
    features: group.features.map(f => f.name),
    keyOf: keyEncoder(group.keys.map(name => stream.schema.findIndex(f => f.name === name))),
    earliestVisible: time => windowStart(longest, time),
    createState: codec.create,
    takes: event => takes(event.values),
    update: (state, event) => update(state, event.values, event.time, event.tie),
    merge(into, from) {
      if (from.newest > into.newest) into.newest = from.newest;
      for (const track of tracks) mergeTrack(track, into, from);
      for (const { key, aggregator } of recents) {
        const theirs = from[key];
        if (theirs === null) continue;
        const mine = into[key] ?? aggregator.create();
        into[key] = mine;
        aggregator.merge(mine, theirs);
      }
    },
    write(w, state) {
      compact(state);
      codec.write(w, state);
    },
    encode(state) {
      writer.restart();
      kernel.write(writer, state);
      return writer.finish();
    },
    read: codec.read,
    decode: bytes => codec.read(new Reader(bytes)),
    check: state => kernel.merge(codec.create(), state),
    cut: (state, bytes) => cutState(kernel, shape, state, bytes),
    finalize(state, q) {
      finalizeAll ??= kernel.finalizer([...group.features.keys()]);
      if (state === null) return allDecoded(finalizeAll([], q));
      writer.restart();
      codec.write(writer, state);
      return allDecoded(finalizeAll([writer.finish()], q));
    },
    finalizer: features => compileFinalize(group, shape, features),
  };
  return kernel;
}
