import { tileStart } from './ageing.ts';
import { newestStartOf, openNewest, openTiles } from './codec/open-tiles.ts';
import { areDue } from './codec/tiles.ts';
import { mergeTile, type Track } from './shape.ts';
import { type EncodedTiles, eternal, type State } from './state.ts';

/**
 * The cell offset of the tile for an event of `time`, made where there was none; −1 where no window of the track
 * will see the event. O(log tiles), plus moving the tiles behind a new one.
 */
export function locateTile(track: Track, state: State, time: number): number {
  const start = tileStart(track, time, state.newest);
  if (Number.isNaN(start)) return -1;
  openNewest(track, state);
  const at = tileAt(track, state, start);
  const cells = state[track.cellsKey] as number[];
  // Now and then, so that a row that is only ever updated in memory stays as small as its windows allow.
  if (at > 0 && at === cells.length - track.stride && (at / track.stride) % 16 === 15) {
    compactTrack(track, state);
    return findTile(track, state[track.cellsKey] as number[], start) * track.stride;
  }
  return at;
}

/** Joins tiles that no window can tell apart any more and drops those that none can see. */
export function compactTrack(track: Track, state: State): void {
  openTiles(track, state);
  const { stride, objectStride } = track;
  const cells = state[track.cellsKey] as number[];
  const objects = state[track.objectsKey] as unknown[];
  const count = cells.length / stride;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const start = tileStart(track, cells[i * stride] as number, state.newest);
    if (Number.isNaN(start)) continue;
    if (kept > 0 && cells[(kept - 1) * stride] === start) {
      mergeTile(track, cells, objects, kept - 1, cells, objects, i);
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
  if (objectStride > 0) objects.length = kept * objectStride;
}

/** Whether compaction would change the track. O(1) for tiles that are still closed. */
export function isDue(track: Track, state: State): boolean {
  const encoded = state[track.encodedKey] as EncodedTiles | null;
  if (encoded !== null && areDue(encoded, state.newest)) return true;
  const oldest =
    encoded !== null && encoded.newestTo > 0
      ? newestStartOf(track, encoded)
      : oldestOf(track, state[track.cellsKey] as number[] | null);
  if (oldest === undefined || oldest === eternal) return false;
  // No window is shorter than its hop: within one hop of the newest time nothing is due.
  const finest = track.levels[0];
  if (finest !== undefined && oldest > state.newest - finest.hop) return false;
  return tileStart(track, oldest, state.newest) !== oldest;
}

/** Tiles only ever go to coarser levels with age, so the oldest is the first to be due; that of all time never is. */
const oldestOf = (track: Track, cells: readonly number[] | null): number | undefined =>
  cells?.[0] === eternal ? cells[track.stride] : cells?.[0];

/** Adds the tiles of another state's track. */
export function mergeTrack(track: Track, into: State, from: State): void {
  openTiles(track, into);
  openTiles(track, from);
  const { stride } = track;
  const fromCells = from[track.cellsKey] as number[];
  const fromObjects = from[track.objectsKey] as unknown[];
  for (let i = 0; i < fromCells.length / stride; i++) {
    const at = tileAt(track, into, fromCells[i * stride] as number);
    const cells = into[track.cellsKey] as number[];
    const objects = into[track.objectsKey] as unknown[];
    mergeTile(track, cells, objects, at / stride, fromCells, fromObjects, i);
  }
}

/** The cell offset of the tile that starts at `start`, made where there was none. The newest tile is taken apart. */
function tileAt(track: Track, state: State, start: number): number {
  const { stride, objectStride, identity } = track;
  let cells = state[track.cellsKey] as number[];
  let objects = state[track.objectsKey] as unknown[];
  const last = cells.length - stride;
  if (last >= 0 && cells[last] === start) return last;
  if (last < 0 || start > (cells[last] as number)) {
    cells.push(start);
    for (let i = 0; i < identity.length; i++) cells.push(identity[i] as number);
    for (let i = 0; i < objectStride; i++) objects.push(null);
    return last + stride;
  }
  openTiles(track, state);
  cells = state[track.cellsKey] as number[];
  objects = state[track.objectsKey] as unknown[];
  const index = findTile(track, cells, start);
  if (cells[index * stride] !== start) {
    cells.splice(index * stride, 0, start, ...identity);
    if (objectStride > 0)
      objects.splice(index * objectStride, 0, ...new Array<null>(objectStride).fill(null));
  }
  return index * stride;
}

/** The index of the first tile that does not start before `start`. */
function findTile({ stride }: Track, cells: readonly number[], start: number): number {
  let low = 0;
  let high = cells.length / stride;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cells[middle * stride] as number) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
