import type { Aggregator, Flag, ObjectAggregator, RecentAggregator } from './aggregators/aggregator.ts';
import { aggregatorOf, inputAs } from './aggregators/index.ts';
import { Reader, Writer } from './codec/bytes.ts';
import { stateCodec } from './codec/state.ts';
import type { Tie } from './compare.ts';
import { cutState } from './cut.ts';
import { MillraceError } from './errors.ts';
import type { StreamEvent } from './event.ts';
import { ExpressionError, expressionEmitter, type FunctionRegistry } from './expression/compile.ts';
import type { Expression } from './expression/nodes.ts';
import { fromExternal } from './external.ts';
import { type Finisher, finisherOf } from './finish.ts';
import { Source } from './generate.ts';
import { type KeyEncoder, keyEncoder } from './key.ts';
import type { FeaturePlan, GroupPlan, Plan, SlotPlan, StreamPlan, Window } from './plan.ts';
import { compactTrack, levelsOf, locateTile, longestOf, mergeTrack, type TrackLayout } from './tiles.ts';
import type { Value } from './value-type.ts';
import { windowStart } from './window.ts';

/** What is known of one entity in one group: all its events, folded. Made by `createState` or `decode`. */
export interface State {
  /** The time of the newest event folded in; −∞ when there is none. Queries come after it. */
  newest: number;
  /** By track: its tiles' numbers and objects (tiles.ts). Members of their own, to spare each event a few loads. */
  readonly [cells: CellsKey]: number[];
  readonly [objects: ObjectsKey]: unknown[];
  /** By recent slot: the newest values with their times, which serve every window alike; null while empty. */
  [recent: RecentKey]: unknown;
}

type CellsKey = `cells${number}`;
type ObjectsKey = `objects${number}`;
type RecentKey = `recent${number}`;

/** A group's features at one query time, in memory form, in the order of the Plan's features. */
export interface FeatureValues {
  readonly values: readonly Value[];
  /** Where a value is not the whole truth, by feature. */
  readonly flags: readonly (Flag | undefined)[];
}

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
  decode(bytes: Uint8Array): State;
  /**
   * States that together are this one, each of about `bytes` encoded at most: by tiles, then by slots. A single
   * partial is never cut.
   */
  cut(state: State, bytes: number): State[];
  /**
   * The features' values at query time `q`, which must be past the newest event; of an unknown entity for null.
   * O(tiles × slots).
   */
  finalize(state: State | null, q: number): FeatureValues;
}

/** `q` is not past the newest event of the state: only the archive can answer for it. */
export class PastQueryError extends MillraceError {
  override readonly name = 'PastQueryError';
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
  const longest = longestOf(group.slots.flatMap(s => s.windows));
  const finalize = compileFinalize(group, shape);
  const writer = new Writer();

  function compact(state: State): void {
    for (const track of tracks) {
      compactTrack(
        track,
        state[track.cellsKey] as number[],
        state[track.objectsKey] as unknown[],
        state.newest,
      );
    }
    for (const { key, aggregator, longest: window } of recents) {
      const kept = state[key];
      if (kept !== null) aggregator.dropBefore(kept, windowStart(window, state.newest + 1));
    }
  }

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
      for (const track of tracks) {
        mergeTrack(
          track,
          into[track.cellsKey] as number[],
          into[track.objectsKey] as unknown[],
          from[track.cellsKey] as number[],
          from[track.objectsKey] as unknown[],
        );
      }
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
      writer.at = 0;
      kernel.write(writer, state);
      return writer.finish();
    },
    read: codec.read,
    decode: bytes => codec.read(new Reader(bytes)),
    cut: (state, bytes) => cutState(kernel, shape, state, bytes),
    finalize,
  };
  return kernel;
}

/** Where each slot's partials lie. */
export interface StateShape {
  readonly tracks: readonly Track[];
  readonly recents: readonly Recent[];
  readonly slots: readonly SlotPlace[];
}

export interface Track extends TrackLayout {
  readonly cellsKey: CellsKey;
  readonly objectsKey: ObjectsKey;
  /** Its slots: numeric ones first, so that one loop writes and reads a tile. */
  readonly slots: readonly TrackSlot[];
}

export interface TrackSlot {
  readonly slot: number;
  readonly aggregator: Aggregator;
  /** Numeric: the offset of its cells in a tile. Object: its index among a tile's objects. */
  readonly at: number;
}

export interface Recent {
  readonly slot: number;
  readonly key: RecentKey;
  readonly aggregator: RecentAggregator<unknown>;
  readonly longest: Window;
}

export type SlotPlace =
  | { readonly kind: 'tile'; readonly track: number; readonly place: TrackSlot }
  | { readonly kind: 'recent'; readonly index: number };

/**
 * last and lastK need no tiles: of the events in a window the last k are among the last k of all, and each kept one
 * knows its time.
 */
const isRecent = (slot: SlotPlan): boolean =>
  (slot.aggregator === 'last' || slot.aggregator === 'lastK') && slot.by === undefined;

function shapeOf(group: GroupPlan, stream: StreamPlan): StateShape {
  const bySignature = new Map<string, number[]>();
  const recents: Recent[] = [];
  for (const [i, slot] of group.slots.entries()) {
    if (isRecent(slot)) {
      const aggregator = aggregatorOf(slot, stream) as RecentAggregator<unknown>;
      recents.push({ slot: i, key: `recent${recents.length}`, aggregator, longest: longestOf(slot.windows) });
      continue;
    }
    const signature = JSON.stringify(slot.windows);
    bySignature.set(signature, [...(bySignature.get(signature) ?? []), i]);
  }
  const tracks = [...bySignature.values()].map((indexes, t) => trackOf(group, stream, indexes, t));
  const slots = group.slots.map((_, i): SlotPlace => {
    const recent = recents.findIndex(r => r.slot === i);
    if (recent >= 0) return { kind: 'recent', index: recent };
    const track = tracks.findIndex(t => t.slots.some(s => s.slot === i));
    const place = tracks[track]?.slots.find(s => s.slot === i) as TrackSlot;
    return { kind: 'tile', track, place };
  });
  return { tracks, recents, slots };
}

function trackOf(group: GroupPlan, stream: StreamPlan, indexes: readonly number[], t: number): Track {
  const { windows } = group.slots[indexes[0] as number] as SlotPlan;
  const aggregators = indexes.map(slot => ({
    slot,
    aggregator: aggregatorOf(group.slots[slot] as SlotPlan, stream),
  }));
  const identity: number[] = [];
  const slots: TrackSlot[] = [];
  for (const { slot, aggregator } of aggregators) {
    if (aggregator.shape === 'numeric') {
      slots.push({ slot, aggregator, at: identity.length + 1 });
      identity.push(...aggregator.identity);
    }
  }
  let objectStride = 0;
  for (const { slot, aggregator } of aggregators) {
    if (aggregator.shape === 'object') slots.push({ slot, aggregator, at: objectStride++ });
  }
  const stride = identity.length + 1;
  return {
    cellsKey: `cells${t}`,
    objectsKey: `objects${t}`,
    windows,
    levels: levelsOf(windows),
    lifetime: windows.includes('lifetime'),
    stride,
    objectStride,
    identity,
    slots,
    mergeTile(cells, objects, tile, fromCells, fromObjects, from) {
      for (const { aggregator, at } of slots) {
        if (aggregator.shape === 'numeric') {
          aggregator.merge(cells, tile * stride + at, fromCells, from * stride + at);
        } else {
          mergeObject(aggregator, objects, tile * objectStride + at, fromObjects[from * objectStride + at]);
        }
      }
    },
  };
}

function mergeObject(
  aggregator: ObjectAggregator<unknown>,
  objects: unknown[],
  at: number,
  from: unknown,
): void {
  if (from === null) return;
  const mine = objects[at] ?? aggregator.create();
  objects[at] = mine;
  aggregator.merge(mine, from);
}

interface Programs {
  takes(values: readonly Value[]): boolean;
  update(state: State, values: readonly Value[], time: number, tie: Tie): boolean;
}

/** The straight-line programs that fold one event into every slot that takes it, and that ask whether any does. */
function compilePrograms(
  group: GroupPlan,
  stream: StreamPlan,
  shape: StateShape,
  functions: FunctionRegistry,
): Programs {
  const asking = new Source();
  const taken = emitInputs(asking, group, stream, functions).map(s => s.taken);
  asking.line(`return ${[...new Set(taken)].join(' || ')};`);
  return {
    takes: asking.compile(['values']) as Programs['takes'],
    update: compileUpdate(group, stream, shape, functions),
  };
}

/** For each slot, the source of its inputs, and of the condition under which it takes an event. */
function emitInputs(source: Source, group: GroupPlan, stream: StreamPlan, functions: FunctionRegistry) {
  const emit = expressionEmitter({
    source,
    functions,
    field({ source: from, name }) {
      const i = from === 'event' ? stream.schema.findIndex(f => f.name === name) : -1;
      const field = stream.schema[i];
      if (field === undefined) return null;
      const nullable = field.nullable === true || field.optional === true || field.oneOf?.unlisted === 'null';
      return { code: `values[${i}]`, nullable, type: field.type };
    },
  });
  return group.slots.map(slot => {
    const input = slot.input === undefined ? null : emit(asInput(slot, slot.input));
    const orderBy = slot.orderBy === undefined ? null : emit(slot.orderBy);
    const key = slot.by === undefined ? null : emit(slot.by.key);
    const where = slot.where === undefined ? null : emit(slot.where);
    const conditions = [input, orderBy, key].flatMap(e => (e?.nullable ? [`${e.name} !== null`] : []));
    if (where !== null) conditions.unshift(`${where.name} === true`);
    return {
      taken: conditions.length === 0 ? 'true' : source.variable(conditions.join(' && ')),
      key: key?.name ?? null,
      // A count or decayed count without input adds one per event.
      input: input?.name ?? '1',
      orderBy: orderBy?.name ?? 'null',
    };
  });
}

function compileUpdate(
  group: GroupPlan,
  stream: StreamPlan,
  shape: StateShape,
  functions: FunctionRegistry,
): Programs['update'] {
  const source = new Source();
  const slots = emitInputs(source, group, stream, functions);
  source.line(`if (!(${[...new Set(slots.map(s => s.taken))].join(' || ')})) return false;`);
  source.line('if (time > state.newest) state.newest = time;');

  const locate = source.constant(locateTile);
  for (const track of shape.tracks) {
    const any = [...new Set(track.slots.map(s => (slots[s.slot] as { taken: string }).taken))];
    const layout = source.constant(track);
    const hop = track.levels[0]?.hop;
    source.line(any.includes('true') ? '{' : `if (${any.join(' || ')}) {`);
    source.line(`const cells = state.${track.cellsKey};`);
    source.line(`let at = cells.length - ${track.stride};`);
    // The usual event belongs to the last tile, which is of the finest hop, or all of time.
    source.line(
      hop === undefined ? 'if (at < 0)' : `if (!(at >= 0 && time >= cells[at] && time < cells[at] + ${hop}))`,
    );
    source.line(`at = ${locate}(${layout}, cells, state.${track.objectsKey}, time, state.newest);`);
    source.line('if (at >= 0) {');
    for (const { slot, aggregator, at } of track.slots) {
      const { taken, key, input, orderBy } = slots[slot] as (typeof slots)[number];
      const name = source.constant(aggregator);
      const guard = taken === 'true' ? '' : `if (${taken}) `;
      if (aggregator.shape === 'numeric') {
        source.line(`${guard}${name}.update(cells, at + ${at}, ${input}, time);`);
      } else {
        const index = `(at / ${track.stride}) * ${track.objectStride} + ${at}`;
        source.line(`${guard}{`);
        source.line(`const objects = state.${track.objectsKey}, i = ${index};`);
        source.line(`let partial = objects[i];`);
        source.line(`if (partial === null) { partial = ${name}.create(); objects[i] = partial; }`);
        source.line(
          key === null
            ? `${name}.update(partial, ${input}, time, tie, ${orderBy});`
            : `${name}.updateKey(partial, ${key}, ${input}, time, tie, ${orderBy});`,
        );
        source.line('}');
      }
    }
    source.line('}');
    source.line('}');
  }
  for (const { slot, key, aggregator } of shape.recents) {
    const { taken, input } = slots[slot] as (typeof slots)[number];
    const name = source.constant(aggregator);
    source.line(taken === 'true' ? '{' : `if (${taken}) {`);
    source.line(`let partial = state.${key};`);
    source.line(`if (partial === null) { partial = ${name}.create(); state.${key} = partial; }`);
    source.line(`${name}.update(partial, ${input}, time, tie, null);`);
    source.line('}');
  }
  source.line('return true;');
  return source.compile(['state', 'values', 'time', 'tie']) as Programs['update'];
}

/** The input in the form its aggregator takes. */
function asInput(slot: SlotPlan, input: Expression): Expression {
  const type = inputAs(slot);
  if (type === null || input.type.kind === type.kind || input.type.kind === 'int') return input;
  return { kind: 'cast', type, value: input };
}

/** One pass over each track, newest tile first: as it passes a window's start, that window's features are ready. */
function compileFinalize(group: GroupPlan, shape: StateShape): GroupKernel['finalize'] {
  interface Reading {
    readonly feature: number;
    readonly finish: Finisher;
    readonly place: TrackSlot;
    readonly instead: Value;
  }
  const defaultOf = (feature: FeaturePlan): Value =>
    feature.default === undefined ? null : (fromExternal(feature.default, feature.type) ?? null);
  const readings = shape.tracks.map((track, t) =>
    track.windows.map(window =>
      group.features.flatMap((feature, i): Reading[] => {
        const place = shape.slots[feature.slot] as SlotPlace;
        if (place.kind !== 'tile' || place.track !== t || feature.window !== window) return [];
        const finish = finisherOf(group.slots[feature.slot] as SlotPlan, feature);
        return [{ feature: i, finish, place: place.place, instead: defaultOf(feature) }];
      }),
    ),
  );
  const recentReadings = group.features.flatMap((feature, i) => {
    const place = shape.slots[feature.slot] as SlotPlace;
    if (place.kind !== 'recent') return [];
    const finish = finisherOf(group.slots[feature.slot] as SlotPlan, feature);
    const { key } = shape.recents[place.index] as Recent;
    return [{ feature: i, finish, key, window: feature.window, instead: defaultOf(feature) }];
  });

  return (state, q) => {
    if (state !== null && q <= state.newest) {
      throw new PastQueryError(
        `group ${group.name}: query time ${q} is not past the newest event, ${state.newest}; past times are answered from the archive`,
      );
    }
    const values = new Array<Value>(group.features.length).fill(null);
    const flags = new Array<Flag | undefined>(group.features.length).fill(undefined);

    for (const [t, track] of shape.tracks.entries()) {
      const { stride } = track;
      const cells = state?.[track.cellsKey] ?? [];
      const objects = state?.[track.objectsKey] ?? [];
      const sum = [0, ...track.identity];
      const sumObjects = new Array<unknown>(track.objectStride).fill(null);
      let tile = cells.length / stride - 1;
      for (const [w, window] of track.windows.entries()) {
        const start = windowStart(window, q);
        for (; tile >= 0 && (cells[tile * stride] as number) >= start; tile--) {
          track.mergeTile(sum, sumObjects, 0, cells, objects, tile);
        }
        for (const { feature, finish, place, instead } of readings[t]?.[w] ?? []) {
          const numeric = place.aggregator.shape === 'numeric';
          const { value, flag } = numeric
            ? finish(sum, place.at, { q, start })
            : finish(sumObjects[place.at], 0, { q, start });
          values[feature] = value ?? instead;
          flags[feature] = flag;
        }
      }
    }
    for (const { feature, finish, key, window, instead } of recentReadings) {
      const { value, flag } = finish(state?.[key] ?? null, 0, { q, start: windowStart(window, q) });
      values[feature] = value ?? instead;
      flags[feature] = flag;
    }
    return { values, flags };
  };
}
