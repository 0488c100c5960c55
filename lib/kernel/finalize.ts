import type { Flag } from './aggregators/aggregator.ts';
import { createTrackFold, type TrackFold } from './codec/fold-tiles.ts';
import { decoded, type FeatureValue } from './encoded-list.ts';
import { MillraceError } from './errors.ts';
import { fromExternal } from './external.ts';
import { type Finisher, finisherOf } from './finish.ts';
import type { FeaturePlan, GroupPlan, SlotPlan, Window } from './plan.ts';
import type { SlotPlace, StateShape, Track, TrackSlot } from './shape.ts';
import type { RecentKey, State } from './state.ts';
import type { Value } from './value-type.ts';
import { windowStart } from './window.ts';

/** A group's features at one query time, in memory form, in the order in which they were asked for. */
export interface FeatureValues<T = Value> {
  readonly values: readonly T[];
  /** Where a value is not the whole truth, by feature. */
  readonly flags: readonly (Flag | undefined)[];
}

export type Finalize = (state: State | null, q: number) => FeatureValues<FeatureValue>;

/** Feature values whose lists are all decoded. */
export const allDecoded = ({ values, flags }: FeatureValues<FeatureValue>): FeatureValues => ({
  values: values.map(decoded),
  flags,
});

/** `q` is not past the newest event of the state: only the archive can answer for it. */
export class PastQueryError extends MillraceError {
  override readonly name = 'PastQueryError';
}

/** The values of some of a group's features (by their index), which leaves out the work that only others need. */
export function compileFinalize(group: GroupPlan, shape: StateShape, features: readonly number[]): Finalize {
  const readings = features.map((feature, at) => readingOf(group, shape, feature, at));
  const tracks = shape.tracks.flatMap((track, t) => {
    const own = readings.filter(reading => reading.place.kind === 'tile' && reading.place.track === t);
    return own.length === 0 ? [] : [compileTrack(track, own)];
  });
  const recents = readings.flatMap(({ place, ...reading }) =>
    place.kind === 'recent' ? [{ ...reading, key: place.key as RecentKey }] : [],
  );

  return (state, q) => {
    if (state !== null && q <= state.newest) {
      throw new PastQueryError(
        `group ${group.name}: query time ${q} is not past the newest event, ${state.newest}; past times are answered from the archive`,
      );
    }
    const values = new Array<FeatureValue>(readings.length).fill(null);
    const flags = new Array<Flag | undefined>(readings.length).fill(undefined);
    for (const { fold, starts, windows } of tracks) {
      for (let w = 0; w < windows.length; w++)
        starts[w] = windowStart((windows[w] as WindowReadings).window, q);
      fold.fold(state, starts);
      for (let w = 0; w < windows.length; w++) {
        if (w > 0) fold.widen(w - 1);
        const query = { q, start: starts[w] as number };
        for (const { at, finish, cell, object, instead } of (windows[w] as WindowReadings).readings) {
          const { value, flag } =
            cell >= 0 ? finish(fold.cells, cell, query) : finish(fold.objects[object], 0, query);
          values[at] = value ?? instead;
          flags[at] = flag;
        }
      }
    }
    for (const { at, finish, key, window, instead } of recents) {
      const { value, flag } = finish(state?.[key] ?? null, 0, { q, start: windowStart(window, q) });
      values[at] = value ?? instead;
      flags[at] = flag;
    }
    return { values, flags };
  };
}

/** A feature, with its place among the values. */
interface Reading {
  readonly at: number;
  readonly finish: Finisher;
  readonly window: Window;
  readonly place: SlotPlace;
  readonly instead: Value;
}

function readingOf(group: GroupPlan, shape: StateShape, index: number, at: number): Reading {
  const feature = group.features[index] as FeaturePlan;
  return {
    at,
    finish: finisherOf(group.slots[feature.slot] as SlotPlan, feature),
    window: feature.window,
    place: shape.slots[feature.slot] as SlotPlace,
    instead: feature.default === undefined ? null : (fromExternal(feature.default, feature.type) ?? null),
  };
}

interface WindowReadings {
  readonly window: Window;
  readonly readings: readonly {
    readonly at: number;
    readonly finish: Finisher;
    readonly instead: Value;
    /** Of a numeric partial: its cell in the fold, or −1. Of an object partial: its index there. */
    readonly cell: number;
    readonly object: number;
  }[];
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
              cell: numeric ? segment * track.stride + at : -1,
              object: numeric ? -1 : segment * track.objectStride + at,
            };
          }),
      }),
    );
  const fold: TrackFold = createTrackFold(track, windows.length, slot => wanted.has(slot));
  return { fold, starts: windows.map(() => 0), windows };
}
