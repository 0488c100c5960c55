import type { Flag } from './aggregators/aggregator.ts';
import { openTiles } from './codec/tiles.ts';
import { MillraceError } from './errors.ts';
import { fromExternal } from './external.ts';
import { type Finisher, finisherOf } from './finish.ts';
import type { FeaturePlan, GroupPlan, SlotPlan } from './plan.ts';
import { mergeTile, type SlotPlace, type StateShape, type TrackSlot } from './shape.ts';
import type { State } from './state.ts';
import type { Value } from './value-type.ts';
import { windowStart } from './window.ts';

/** A group's features at one query time, in memory form, in the order of the Plan's features. */
export interface FeatureValues {
  readonly values: readonly Value[];
  /** Where a value is not the whole truth, by feature. */
  readonly flags: readonly (Flag | undefined)[];
}

/** `q` is not past the newest event of the state: only the archive can answer for it. */
export class PastQueryError extends MillraceError {
  override readonly name = 'PastQueryError';
}

/** One pass over each track, newest tile first: as it passes a window's start, that window's features are ready. */
export function compileFinalize(
  group: GroupPlan,
  shape: StateShape,
): (state: State | null, q: number) => FeatureValues {
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
    const { key } = place;
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
      if (state !== null) openTiles(track, state);
      const cells = state?.[track.cellsKey] ?? [];
      const objects = state?.[track.objectsKey] ?? [];
      const sum = [0, ...track.identity];
      const sumObjects = new Array<unknown>(track.objectStride).fill(null);
      let tile = cells.length / stride - 1;
      for (const [w, window] of track.windows.entries()) {
        const start = windowStart(window, q);
        for (; tile >= 0 && (cells[tile * stride] as number) >= start; tile--) {
          mergeTile(track, sum, sumObjects, 0, cells, objects, tile);
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
