import type { Aggregator, Flag } from './aggregators/aggregator.ts';
import { CorruptBytesError, Reader } from './codec/bytes.ts';
import { createTrackFold, createTrackSkip, type TrackFold } from './codec/fold-tiles.ts';
import { readHead, type StateHead } from './codec/state.ts';
import { decoded, type FeatureValue } from './encoded-list.ts';
import { MillraceError } from './errors.ts';
import { fromExternal } from './external.ts';
import { type Finisher, finisherOf } from './finish.ts';
import type { FeaturePlan, GroupPlan, SlotPlan, Window } from './plan.ts';
import type { SlotPlace, StateShape, Track, TrackSlot } from './shape.ts';
import { eternal } from './state.ts';
import type { Value } from './value-type.ts';
import { windowStart } from './window.ts';

/** A group's features at one query time, in memory form, in the order in which they were asked for. */
export interface FeatureValues<T = Value> {
  readonly values: readonly T[];
  /** Where a value is not the whole truth, by feature. */
  readonly flags: readonly (Flag | undefined)[];
}

/**
 * Of a state in encoded parts, such as a row's head and its runs: of all of them merged, of an unknown entity for none.
 * Throws PastQueryError, and CorruptBytesError for bytes that are no state.
 *
 * Until a window's start moves, a state has the same values at every time, but for features that decay. `decaying`, where
 * it is given, is filled with what these are made of.
 */
export interface Finalize {
  (parts: readonly Uint8Array[], q: number, decaying?: Decaying): FeatureValues<FeatureValue>;
  /**
   * Fills `values` with the features that decay, in order, at another time: `decaying` has what they are made of from `at`
   * on. Their flags, or null where there is none.
   */
  decayed(
    decaying: ArrayLike<unknown>,
    at: number,
    q: number,
    values: FeatureValue[],
  ): (Flag | undefined)[] | null;
  /** How much of it there is, of every state. */
  readonly decayingWidth: number;
}

/** Partials of features that decay: cells one after the other, objects whole. Numbers alone lie in one piece of memory. */
export type Decaying = unknown[];

/** Whether a feature's value is another one at every millisecond. */
export const decays = ({ slots }: GroupPlan, { slot }: FeaturePlan): boolean =>
  (slots[slot] as SlotPlan).aggregator === 'decayed';

/** Feature values whose lists are all decoded. */
export const allDecoded = ({ values, flags }: FeatureValues<FeatureValue>): FeatureValues => ({
  values: values.map(decoded),
  flags,
});

/** `q` is not past the newest event of the state: only the archive can answer for it. */
export class PastQueryError extends MillraceError {
  override readonly name = 'PastQueryError';
}

/**
 * The values of some of a group's features (by their index), which leaves out the work that only others need. No state
 * is made in between: partials are merged as their bytes are read, into ones that serve row after row.
 */
export function compileFinalize(group: GroupPlan, shape: StateShape, features: readonly number[]): Finalize {
  const readings = features.map((feature, at) => readingOf(group, shape, feature, at));
  const places = shape.tracks.map((track, t) => {
    const own = readings.filter(reading => reading.place.kind === 'tile' && reading.place.track === t);
    return own.length === 0 ? { skip: createTrackSkip(track) } : compileTrack(track, own);
  });
  const tracks = places.filter(place => 'fold' in place);
  const decaying = decayingOf(tracks);
  const recents = shape.recents.map(({ key, aggregator }) => ({
    aggregator,
    readings: readings.filter(({ place }) => place.kind === 'recent' && place.key === key),
    partial: null as unknown,
  }));
  const reader = new Reader(new Uint8Array());
  const head: StateHead = { newest: eternal, sized: true };
  const unflagged = new Array<Flag | undefined>(readings.length).fill(undefined);
  // One for all questions: a value has been made of it before the next one is asked.
  const query = { q: 0, start: eternal };

  function take(bytes: Uint8Array, q: number): void {
    reader.reset(bytes);
    readHead(reader, head);
    const { newest, sized } = head;
    if (q <= newest) {
      throw new PastQueryError(
        `group ${group.name}: query time ${q} is not past the newest event, ${newest}; past times are answered from the archive`,
      );
    }
    if (newest !== eternal) {
      for (const place of places) {
        if ('fold' in place) place.fold.fold(reader, head);
        else place.skip(reader, head);
      }
      for (const recent of recents) {
        const { aggregator } = recent;
        if (recent.readings.length === 0) {
          if (sized) aggregator.skipKept(reader);
          else aggregator.skip(reader);
        } else {
          const partial = sized ? aggregator.readKept(reader, newest) : aggregator.decode(reader, newest);
          if (aggregator.isEmpty(partial)) continue;
          if (recent.partial === null) recent.partial = partial;
          else aggregator.merge(recent.partial, partial);
        }
      }
    }
    if (reader.at !== reader.end)
      throw new CorruptBytesError(`state: ${reader.end - reader.at} bytes after its end`);
  }

  function finalize(parts: readonly Uint8Array[], q: number, into?: Decaying): FeatureValues<FeatureValue> {
    const values = new Array<FeatureValue>(readings.length).fill(null);
    let flags = unflagged;
    const flagAt = (at: number, flag: Flag): void => {
      if (flags === unflagged) flags = [...unflagged];
      flags[at] = flag;
    };
    for (const { fold, starts, windows } of tracks) {
      for (let w = 0; w < windows.length; w++)
        starts[w] = windowStart((windows[w] as WindowReadings).window, q);
      fold.clear(starts);
    }
    for (const recent of recents) recent.partial = null;
    for (const bytes of parts) take(bytes, q);
    query.q = q;
    for (const { fold, starts, windows } of tracks) {
      for (let w = 0; w < windows.length; w++) {
        if (w > 0) fold.widen(w - 1);
        query.start = starts[w] as number;
        for (const { at, finish, cell, object, instead } of (windows[w] as WindowReadings).readings) {
          const { value, flag } =
            cell >= 0 ? finish(fold.cells, cell, query) : finish(fold.objects[object], 0, query);
          values[at] = value ?? instead;
          if (flag !== undefined) flagAt(at, flag);
        }
      }
    }
    if (into !== undefined) for (const { reading, fold } of decaying) addPartial(into, reading, fold);
    for (const { partial, readings } of recents) {
      for (const { at, finish, window, instead } of readings) {
        query.start = windowStart(window, q);
        const { value, flag } = finish(partial, 0, query);
        values[at] = value ?? instead;
        if (flag !== undefined) flagAt(at, flag);
      }
    }
    return { values, flags };
  }

  return Object.assign(finalize, {
    decayingWidth: decaying.reduce((sum, { width }) => sum + Math.max(width, 1), 0),

    decayed(
      partials: ArrayLike<unknown>,
      at: number,
      q: number,
      values: FeatureValue[],
    ): (Flag | undefined)[] | null {
      query.q = q;
      // What decays does not ask where its window begins: the partial has nothing from before.
      query.start = eternal;
      let flags: (Flag | undefined)[] | null = null;
      for (let i = 0; i < decaying.length; i++) {
        const { reading, width, place } = decaying[i] as (typeof decaying)[number];
        const { finish, instead } = reading;
        const { value, flag } =
          width > 0 ? finish(partials, at + place, query) : finish(partials[at + place], 0, query);
        values[i] = value ?? instead;
        if (flag === undefined) continue;
        flags ??= new Array<undefined>(decaying.length).fill(undefined);
        flags[i] = flag;
      }
      return flags;
    },
  });
}

/** A feature, with its place among the values. */
interface Reading {
  readonly at: number;
  readonly decays: boolean;
  readonly finish: Finisher;
  readonly window: Window;
  readonly place: SlotPlace;
  readonly instead: Value;
}

function readingOf(group: GroupPlan, shape: StateShape, index: number, at: number): Reading {
  const feature = group.features[index] as FeaturePlan;
  return {
    at,
    decays: decays(group, feature),
    finish: finisherOf(group.slots[feature.slot] as SlotPlan, feature),
    window: feature.window,
    place: shape.slots[feature.slot] as SlotPlace,
    instead: feature.default === undefined ? null : (fromExternal(feature.default, feature.type) ?? null),
  };
}

interface WindowReadings {
  readonly window: Window;
  readonly readings: readonly TileReading[];
}

interface TileReading extends Reading {
  readonly aggregator: Aggregator;
  /** Of a numeric partial: its cell in the fold, or −1. Of an object partial: its index there. */
  readonly cell: number;
  readonly object: number;
}

/** In the order of the features, with the place of each one's partial, and how many cells it has (0 for an object). */
function decayingOf(tracks: readonly ReturnType<typeof compileTrack>[]) {
  const readings = tracks.flatMap(({ fold, windows }) =>
    windows.flatMap(window =>
      window.readings.filter(reading => reading.decays).map(reading => ({ reading, fold })),
    ),
  );
  let next = 0;
  return readings
    .sort((a, b) => a.reading.at - b.reading.at)
    .map(({ reading, fold }) => {
      const { aggregator } = reading;
      const width = aggregator.shape === 'numeric' ? aggregator.identity.length : 0;
      const place = next;
      next += Math.max(width, 1);
      return { reading, fold, width, place };
    });
}

/** Adds a copy of the partial, for the fold serves other rows next. */
function addPartial(into: Decaying, { aggregator, cell, object }: TileReading, fold: TrackFold): void {
  if (aggregator.shape === 'numeric') {
    for (let i = 0; i < aggregator.identity.length; i++) into.push(fold.cells[cell + i]);
    return;
  }
  const partial = fold.objects[object];
  const merging = aggregator.gatherer ?? aggregator;
  const copy = partial === null ? null : merging.create();
  if (copy !== null) merging.merge(copy, partial);
  into.push(copy);
}

function compileTrack(track: Track, readings: readonly Reading[]) {
  const slotOf = ({ place }: Reading): TrackSlot => (place as SlotPlace & { kind: 'tile' }).place;
  const wanted = new Set(readings.map(slotOf));
  const windows = track.windows
    .filter(window => readings.some(reading => reading.window === window))
    .map(
      (window, segment): WindowReadings => ({
        window,
        readings: readings
          .filter(reading => reading.window === window)
          .map(reading => {
            const { aggregator, at } = slotOf(reading);
            const numeric = aggregator.shape === 'numeric';
            return {
              ...reading,
              aggregator,
              cell: numeric ? segment * track.stride + at : -1,
              object: numeric ? -1 : segment * track.objectStride + at,
            };
          }),
      }),
    );
  const fold: TrackFold = createTrackFold(track, windows.length, slot => wanted.has(slot));
  return { fold, starts: windows.map(() => 0), windows };
}
