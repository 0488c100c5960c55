import type { Track } from '../shape.ts';
import { type EncodedTiles, eternal, type State } from '../state.ts';
import { CorruptBytesError, Reader } from './bytes.ts';
import { isEncoded, openPartial, tileCodecOf } from './tile.ts';
import { unitOf } from './tiles-header.ts';

/** Takes the newest tile apart, where it is still bytes; its object partials may stay. */
export function openNewest(track: Track, state: State): void {
  const encoded = state[track.encodedKey] as EncodedTiles | null;
  if (encoded !== null && encoded.newestTo > 0) {
    tileCodecOf(track).open(state, encoded, newestStartOf(track, encoded));
  } else if (state[track.cellsKey] === null) {
    state[track.cellsKey] = [];
    state[track.objectsKey] = [];
  }
}

/** The start of the newest tile of a track that is still bytes. */
export const newestStartOf = (track: Track, { closed, eternal: isEternal, start }: EncodedTiles): number =>
  closed === 0 && isEternal ? eternal : start * unitOf(track);

/** Takes all tiles of a track apart, and makes all partials in them. */
export function openTiles(track: Track, state: State): void {
  openNewest(track, state);
  openPartials(track, state);
  const encoded = state[track.encodedKey] as EncodedTiles | null;
  if (encoded === null) return;
  const tile = tileCodecOf(track);
  const unit = unitOf(track);
  const r = new Reader(state.bytes, encoded.from, encoded.to);
  const cells: number[] = [];
  const objects: unknown[] = [];
  let start = (encoded.start - encoded.gap - encoded.span) * unit;
  for (let i = 0; i < encoded.closed; i++) {
    if (i === 0 && encoded.eternal) {
      cells.push(eternal);
      tile.read(r, cells, objects, 0);
      continue;
    }
    if (i > (encoded.eternal ? 1 : 0)) start += r.uint() * unit;
    cells.push(start);
    tile.read(r, cells, objects, start);
  }
  if (r.at !== r.end) throw new CorruptBytesError(`closed tiles: ${r.end - r.at} bytes after their end`);
  for (const cell of state[track.cellsKey] as number[]) cells.push(cell);
  for (const object of state[track.objectsKey] as unknown[]) objects.push(object);
  state[track.encodedKey] = null;
  state[track.cellsKey] = cells;
  state[track.objectsKey] = objects;
}

function openPartials(track: Track, state: State): void {
  const cells = state[track.cellsKey] as number[];
  const objects = state[track.objectsKey] as unknown[];
  const { stride, objectStride } = track;
  for (let tile = 0; tile < objects.length; tile += objectStride) {
    const start = cells[(tile / objectStride) * stride] as number;
    for (const { aggregator, at } of track.slots) {
      const partial = aggregator.shape === 'object' ? objects[tile + at] : null;
      if (aggregator.shape === 'numeric' || !isEncoded(partial)) continue;
      objects[tile + at] = openPartial(aggregator, state.bytes, partial, start === eternal ? 0 : start);
    }
  }
}
