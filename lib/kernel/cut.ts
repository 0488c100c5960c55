import { openNewest, openTiles } from './codec/open-tiles.ts';
import type { GroupKernel } from './group.ts';
import type { StateShape, Track } from './shape.ts';
import type { State } from './state.ts';

/**
 * Cuts a state into states that together are it, so that each fits an item of a store: first by tiles, older half
 * from newer half, until single tiles remain, then by slots.
 */
export function cutState(kernel: GroupKernel, shape: StateShape, state: State, bytes: number): State[] {
  if (kernel.encode(state).length <= bytes) return [state];
  const halves = halve(kernel, shape, state);
  return halves === null ? [state] : halves.flatMap(half => cutState(kernel, shape, half, bytes));
}

function halve(kernel: GroupKernel, shape: StateShape, state: State): [State, State] | null {
  for (const track of shape.tracks) openTiles(track, state);
  const parts = partsOf(shape, state);
  if (parts.length < 2) return null;
  const middle = parts.length >> 1;
  const halves = [kernel.createState(), kernel.createState()] as const;
  for (const half of halves) for (const track of shape.tracks) openNewest(track, half);
  for (const [i, part] of parts.entries()) part.move(halves[i < middle ? 0 : 1]);
  for (const half of halves) half.newest = state.newest;
  return [halves[0], halves[1]];
}

interface Part {
  readonly start: number;
  move(into: State): void;
}

/** What can be moved on its own, oldest first: whole tiles while there are several, else the partials of slots. */
function partsOf(shape: StateShape, state: State): Part[] {
  const tiles = shape.tracks.flatMap(track => tilesOf(track, state));
  const recents = shape.recents.flatMap(({ key }): Part[] => {
    const partial = state[key];
    if (partial === null) return [];
    return [
      {
        start: Number.POSITIVE_INFINITY,
        move(into) {
          into[key] = partial;
        },
      },
    ];
  });
  const parts = [...tiles, ...recents].sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  return parts.length > 1 ? parts : shape.tracks.flatMap(track => slotsOf(track, state));
}

function tilesOf(track: Track, state: State): Part[] {
  const { stride, objectStride, cellsKey, objectsKey } = track;
  const cells = state[cellsKey] as number[];
  const objects = state[objectsKey] as unknown[];
  return Array.from({ length: cells.length / stride }, (_, i) => ({
    start: cells[i * stride] as number,
    move(into: State) {
      (into[cellsKey] as number[]).push(...cells.slice(i * stride, (i + 1) * stride));
      if (objectStride > 0) {
        (into[objectsKey] as unknown[]).push(...objects.slice(i * objectStride, (i + 1) * objectStride));
      }
    },
  }));
}

/** The slots of a track that has one tile, each as a tile of its own with the others empty. */
function slotsOf(track: Track, state: State): Part[] {
  const cells = state[track.cellsKey] as number[];
  const objects = state[track.objectsKey] as unknown[];
  if (cells.length !== track.stride) return [];
  const start = cells[0] as number;
  const filled = track.slots.filter(({ aggregator, at }) =>
    aggregator.shape === 'numeric' ? cells[at] !== aggregator.identity[0] : objects[at] !== null,
  );
  return filled.map(({ aggregator, at }) => ({
    start,
    move(into: State) {
      const intoCells = into[track.cellsKey] as number[];
      const intoObjects = into[track.objectsKey] as unknown[];
      if (intoCells.length === 0) {
        intoCells.push(start, ...track.identity);
        for (let i = 0; i < track.objectStride; i++) intoObjects.push(null);
      }
      if (aggregator.shape === 'numeric') aggregator.merge(intoCells, at, cells, at);
      else intoObjects[at] = objects[at];
    },
  }));
}
