import type { Aggregator, ObjectAggregator, RecentAggregator } from './aggregators/aggregator.ts';
import { aggregatorOf } from './aggregators/index.ts';
import type { GroupPlan, SlotPlan, StreamPlan, Window } from './plan.ts';
import type { CellsKey, EncodedKey, ObjectsKey, RecentKey } from './state.ts';
import { hopOf, hops } from './window.ts';

/** Where each slot's partials lie in a state. */
export interface StateShape {
  readonly tracks: readonly Track[];
  readonly recents: readonly Recent[];
  /** By the Plan's slot. */
  readonly slots: readonly SlotPlace[];
}

/**
 * The slots that share a set of windows, and so their tiles. A tile is `stride` cells (its start, then the numeric
 * partials) and `objectStride` objects (the object partials, null while empty).
 */
export interface Track {
  readonly cellsKey: CellsKey;
  readonly objectsKey: ObjectsKey;
  readonly encodedKey: EncodedKey;
  /** Finite ones ascending, then lifetime. */
  readonly windows: readonly Window[];
  /** For each hop in use, finest first: the longest window that moves by it. */
  readonly levels: readonly { readonly hop: number; readonly window: number }[];
  readonly lifetime: boolean;
  readonly stride: number;
  readonly objectStride: number;
  /** The cells of a tile without events, after its start. */
  readonly identity: readonly number[];
  /** Numeric slots first. */
  readonly slots: readonly TrackSlot[];
}

export interface TrackSlot {
  readonly slot: number;
  readonly aggregator: Aggregator;
  /** Numeric: the offset of its cells in a tile. Object: its index among a tile's objects. */
  readonly at: number;
}

/**
 * last and lastK need no tiles: of the events in a window the last k are among the last k of all, and each kept one
 * knows its time.
 */
export interface Recent {
  readonly slot: number;
  readonly key: RecentKey;
  readonly aggregator: RecentAggregator<unknown>;
  readonly longest: Window;
}

export type SlotPlace =
  | { readonly kind: 'tile'; readonly track: number; readonly place: TrackSlot }
  | { readonly kind: 'recent'; readonly key: RecentKey };

export function shapeOf(group: GroupPlan, stream: StreamPlan): StateShape {
  const bySignature = new Map<string, number[]>();
  const recents: Recent[] = [];
  for (const [i, slot] of group.slots.entries()) {
    if ((slot.aggregator === 'last' || slot.aggregator === 'lastK') && slot.by === undefined) {
      const aggregator = aggregatorOf(slot, stream) as RecentAggregator<unknown>;
      recents.push({ slot: i, key: `recent${recents.length}`, aggregator, longest: longestOf(slot.windows) });
      continue;
    }
    const signature = JSON.stringify(slot.windows);
    bySignature.set(signature, [...(bySignature.get(signature) ?? []), i]);
  }
  const tracks = [...bySignature.values()].map((indexes, t) => trackOf(group, stream, indexes, t));
  const slots = group.slots.map((_, i): SlotPlace => {
    const recent = recents.find(r => r.slot === i);
    if (recent !== undefined) return { kind: 'recent', key: recent.key };
    const track = tracks.findIndex(t => t.slots.some(s => s.slot === i));
    return { kind: 'tile', track, place: tracks[track]?.slots.find(s => s.slot === i) as TrackSlot };
  });
  return { tracks, recents, slots };
}

/** The longest of some windows: it sees all that any of them sees. */
export const longestOf = (windows: readonly Window[]): Window =>
  windows.includes('lifetime') ? 'lifetime' : Math.max(...(windows as readonly number[]));

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
  return {
    cellsKey: `cells${t}`,
    objectsKey: `objects${t}`,
    encodedKey: `encoded${t}`,
    windows,
    levels: levelsOf(windows),
    lifetime: windows.includes('lifetime'),
    stride: identity.length + 1,
    objectStride,
    identity,
    slots,
  };
}

function levelsOf(windows: readonly Window[]): Track['levels'] {
  const finite = windows.filter(w => w !== 'lifetime');
  return hops
    .map(hop => ({ hop, window: Math.max(0, ...finite.filter(w => hopOf(w) === hop)) }))
    .filter(level => level.window > 0);
}

/** Adds a tile's partials to another tile's; `from` keeps its own. */
export function mergeTile(
  track: Track,
  cells: number[],
  objects: unknown[],
  tile: number,
  fromCells: readonly number[],
  fromObjects: readonly unknown[],
  from: number,
): void {
  const { slots, stride, objectStride } = track;
  for (let i = 0; i < slots.length; i++) {
    const { aggregator, at } = slots[i] as TrackSlot;
    if (aggregator.shape === 'numeric') {
      aggregator.merge(cells, tile * stride + at, fromCells, from * stride + at);
    } else {
      const theirs = fromObjects[from * objectStride + at];
      if (theirs !== null) mergeObject(aggregator, objects, tile * objectStride + at, theirs);
    }
  }
}

/** Adds an object partial to the one at `at`, made where there is none: `from` keeps its own. */
export function mergeObject(
  aggregator: ObjectAggregator<unknown>,
  objects: unknown[],
  at: number,
  from: unknown,
): void {
  const mine = objects[at] ?? aggregator.create();
  objects[at] = mine;
  aggregator.merge(mine, from);
}
