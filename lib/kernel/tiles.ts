import type { Window } from './plan.ts';
import { floorTo } from './time.ts';
import { hopOf, hops } from './window.ts';

/**
 * Tiles: partial aggregates of stretches of time. The slots that share a set of windows form a track; a track's
 * tiles lie in two parallel arrays, ascending by time: `cells`, doubles, of which each tile has `stride` (its start,
 * then the numeric slots' partials), and `objects`, `objectStride` a tile (the object slots' partials, null while
 * empty).
 *
 * How long a tile is follows from its age. A boundary of a window of hop h can still fall at time t only while a
 * window of that hop reaches back to t, and a query comes after every event of its row (rule 2). So, with the row's
 * newest event at m, times before the start of the longest 5-minute-hop window at m + 1 ms need no 5-minute tiles
 * any more, and so on up the hops; past the longest window they need no tile at all, or, under `lifetime`, one
 * that takes all (start −∞). A compacted track depends on nothing but its events. Tiles may stay finer than that
 * for a while: no query sees the difference.
 */
export interface TrackLayout {
  readonly windows: readonly Window[];
  /** For each hop in use, finest first: the longest window that moves by it. */
  readonly levels: readonly { readonly hop: number; readonly window: number }[];
  readonly lifetime: boolean;
  readonly stride: number;
  readonly objectStride: number;
  /** The cells of a tile without events, after its start. */
  readonly identity: readonly number[];
  mergeTile(
    cells: number[],
    objects: unknown[],
    tile: number,
    fromCells: readonly number[],
    fromObjects: readonly unknown[],
    from: number,
  ): void;
}

export function levelsOf(windows: readonly Window[]): TrackLayout['levels'] {
  const finite = windows.filter(w => w !== 'lifetime');
  return hops
    .map(hop => ({ hop, window: Math.max(0, ...finite.filter(w => hopOf(w) === hop)) }))
    .filter(level => level.window > 0);
}

export const eternal = Number.NEGATIVE_INFINITY;

/** The start of the tile that an event of `time` belongs to in a row whose newest event is `newest`; NaN for none. */
export function tileStart(layout: TrackLayout, time: number, newest: number): number {
  for (const { hop, window } of layout.levels) {
    if (time >= floorTo(newest + 1 - window, hop)) return floorTo(time, hop);
  }
  return layout.lifetime ? eternal : Number.NaN;
}

/**
 * The cell offset of the tile for an event of `time`, made where there was none; −1 where no window of the track
 * will see the event. O(log tiles), plus moving the tiles behind a new one.
 */
export function locateTile(
  layout: TrackLayout,
  cells: number[],
  objects: unknown[],
  time: number,
  newest: number,
): number {
  const start = tileStart(layout, time, newest);
  if (Number.isNaN(start)) return -1;
  const at = tileAt(layout, cells, objects, start);
  const count = cells.length / layout.stride;
  // Now and then, so that a row that is only ever updated in memory stays as small as its windows allow.
  if (count % 16 === 0 && at === cells.length - layout.stride && at > 0) {
    compactTrack(layout, cells, objects, newest);
    return findTile(layout, cells, start) * layout.stride;
  }
  return at;
}

/** The cell offset of the tile that starts at `start`, made where there was none. */
export function tileAt(layout: TrackLayout, cells: number[], objects: unknown[], start: number): number {
  const { stride, objectStride, identity } = layout;
  const last = cells.length - stride;
  if (last >= 0 && cells[last] === start) return last;
  if (last < 0 || start > (cells[last] as number)) {
    cells.push(start);
    for (let i = 0; i < identity.length; i++) cells.push(identity[i] as number);
    for (let i = 0; i < objectStride; i++) objects.push(null);
    return last + stride;
  }
  const index = findTile(layout, cells, start);
  if (cells[index * stride] !== start) {
    cells.splice(index * stride, 0, start, ...identity);
    if (objectStride > 0)
      objects.splice(index * objectStride, 0, ...new Array<null>(objectStride).fill(null));
  }
  return index * stride;
}

/** The index of the first tile that does not start before `start`. */
function findTile(layout: TrackLayout, cells: readonly number[], start: number): number {
  const { stride } = layout;
  let low = 0;
  let high = cells.length / stride;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cells[middle * stride] as number) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Joins tiles that no window can tell apart any more and drops those that none can see. */
export function compactTrack(layout: TrackLayout, cells: number[], objects: unknown[], newest: number): void {
  const { stride, objectStride, levels } = layout;
  const count = cells.length / stride;
  // Tiles of the finest level stay as they are, and they are the last ones: nothing to do before the first old one.
  const finest = levels[0];
  if (
    count === 0 ||
    (finest !== undefined && (cells[0] as number) >= floorTo(newest + 1 - finest.window, finest.hop))
  ) {
    return;
  }
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const start = tileStart(layout, cells[i * stride] as number, newest);
    if (Number.isNaN(start)) continue;
    if (kept > 0 && cells[(kept - 1) * stride] === start) {
      layout.mergeTile(cells, objects, kept - 1, cells, objects, i);
      continue;
    }
    if (kept !== i) {
      for (let j = 0; j < stride; j++) cells[kept * stride + j] = cells[i * stride + j] as number;
      for (let j = 0; j < objectStride; j++) objects[kept * objectStride + j] = objects[i * objectStride + j];
    }
    cells[kept * stride] = start;
    kept++;
  }
  cells.length = kept * stride;
  objects.length = kept * objectStride;
}

/** Adds the tiles of another state's track. */
export function mergeTrack(
  layout: TrackLayout,
  cells: number[],
  objects: unknown[],
  fromCells: readonly number[],
  fromObjects: readonly unknown[],
): void {
  const { stride } = layout;
  for (let i = 0; i < fromCells.length / stride; i++) {
    const at = tileAt(layout, cells, objects, fromCells[i * stride] as number);
    layout.mergeTile(cells, objects, at / stride, fromCells, fromObjects, i);
  }
}

/** The longest of a slot's or group's windows: it sees all that any of them sees. */
export const longestOf = (windows: readonly Window[]): Window =>
  windows.includes('lifetime') ? 'lifetime' : Math.max(...(windows as readonly number[]));
