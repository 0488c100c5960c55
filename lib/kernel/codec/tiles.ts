import { staysUntil } from '../ageing.ts';
import type { Track } from '../shape.ts';
import { type EncodedTiles, eternal, type State } from '../state.ts';
import { floorTo, minute } from '../time.ts';
import { CorruptBytesError, Reader, Writer } from './bytes.ts';
import { openPartial, tileCodecOf } from './tile.ts';

/**
 * A track's tiles as bytes:
 *
 *     2 × tiles + (1 when the oldest takes all of the time before the others)
 *     of the newest tile: how many finest hops its start lies before that of the state's newest time
 *     when there are others, the closed tiles:
 *       minutes from the newest time until some of them are due to be compacted, plus 1; 0 for never
 *       when there is a finite one: hops from the first's start to the last's, and from there to the newest tile's
 *       their length in bytes; then each, oldest first: hops from the start of the one before (not for the tile of
 *       all time and the first finite one), then the tile (tile.ts)
 *     the newest tile, which is sized in all states but those of the first form
 *
 * What no event touches is never looked into: it stays bytes from reading to writing.
 */
export interface TrackCodec {
  write(w: Writer, state: State): void;
  read(r: Reader, state: State, sized: boolean): void;
}

export function trackCodec(track: Track): TrackCodec {
  const { stride, objectStride, cellsKey, objectsKey, encodedKey } = track;
  const unit = unitOf(track);
  const tile = tileCodecOf(track);
  const scratch = new Writer();
  const header = noTiles();

  function writeUntouched(w: Writer, state: State, encoded: EncodedTiles): void {
    const { closed, from, to, span, gap } = encoded;
    const finite = closed + (encoded.eternal ? 0 : 1);
    w.uint((closed + 1) * 2 + (encoded.eternal ? 1 : 0));
    if (finite > 0) w.uint(Math.floor(state.newest / unit) - encoded.start);
    if (closed > 0) {
      w.uint(dueAfter(encoded, state.newest));
      if (finite > 1) {
        w.uint(span);
        w.uint(gap);
      }
      w.uint(to - from);
    }
    w.copy(state.bytes, from, encoded.newestTo);
  }

  function writeClosed(w: Writer, state: State, encoded: EncodedTiles | null, newestStart: number): void {
    const cells = state[cellsKey] as number[];
    const objects = state[objectsKey] as unknown[];
    const open = cells.length / stride;
    let finite = 0;
    let first = 0;
    let last = 0;
    let due = 0;
    if (encoded !== null) {
      finite = encoded.closed - (encoded.eternal ? 1 : 0);
      last = (encoded.start - encoded.gap) * unit;
      first = last - encoded.span * unit;
      due = dueAfter(encoded, state.newest);
    }
    scratch.restart();
    for (let i = 0; i < open - 1; i++) {
      const start = cells[i * stride] as number;
      if (start !== eternal) {
        if (finite++ === 0) first = start;
        else scratch.uint((start - last) / unit);
        last = start;
        const until = minutesUntil(staysUntil(track, start, state.newest), state.newest);
        if (until > 0 && (due === 0 || until < due)) due = until;
      }
      const origin = start === eternal ? 0 : start;
      tile.write(scratch, cells, i * stride, objects, i * objectStride, origin, state.bytes);
    }
    w.uint(due);
    if (finite > 0) {
      w.uint((last - first) / unit);
      w.uint((newestStart - last) / unit);
    }
    const { from, to } = encoded ?? noBytes;
    w.uint(to - from + scratch.at);
    w.copy(state.bytes, from, to);
    w.copy(scratch.bytes, 0, scratch.at);
  }

  return {
    write(w, state) {
      const encoded = state[encodedKey] as EncodedTiles | null;
      if (encoded !== null && encoded.newestTo > 0) return writeUntouched(w, state, encoded);
      const cells = state[cellsKey] as number[] | null;
      if (cells === null || cells.length === 0) return w.byte(0);
      const open = cells.length / stride;
      const count = open + (encoded?.closed ?? 0);
      const isEternal = encoded === null ? cells[0] === eternal : encoded.eternal;
      w.uint(count * 2 + (isEternal ? 1 : 0));
      const newest = (open - 1) * stride;
      const start = cells[newest] as number;
      if (start !== eternal) w.uint((floorTo(state.newest, unit) - start) / unit);
      if (count > 1) writeClosed(w, state, encoded, start);
      const objects = state[objectsKey] as unknown[];
      const origin = start === eternal ? 0 : start;
      tile.writeSized(w, cells, newest, objects, (open - 1) * objectStride, origin, state.bytes);
    },

    read(r, state, sized) {
      readTilesHeader(r, unit, state.newest, header);
      const { count, newestStart, span, gap, due, length } = header;
      if (count === 0) return;
      const from = r.at;
      r.advance(length);
      const to = r.at;
      if (sized) tile.skip(r);
      if (sized || count > 1) {
        state[encodedKey] = {
          closed: count - 1,
          eternal: header.eternal,
          from,
          to,
          span,
          gap,
          due,
          dueFrom: Math.floor(state.newest / minute),
          start: newestStart === eternal ? 0 : newestStart / unit,
          newestTo: sized ? r.at : 0,
        };
      }
      if (!sized) {
        const cells = [newestStart];
        const objects: unknown[] = [];
        tile.read(r, cells, objects, newestStart === eternal ? 0 : newestStart);
        state[cellsKey] = cells;
        state[objectsKey] = objects;
      }
    },
  };
}

const noBytes = { from: 0, to: 0 };

/** What stands before a track's tiles. */
export interface TilesHeader {
  /** How many tiles, the newest included. */
  count: number;
  /** Whether the oldest takes all of the time before the others. */
  eternal: boolean;
  newestStart: number;
  due: number;
  /** Hops from the oldest finite closed tile's start to the newest's, and from there to the newest tile's. */
  span: number;
  gap: number;
  /** Bytes of the closed tiles. */
  length: number;
}

export const noTiles = (): TilesHeader => ({
  count: 0,
  eternal: false,
  newestStart: eternal,
  due: 0,
  span: 0,
  gap: 0,
  length: 0,
});

/** Reads it into `into`, and stops before the closed tiles: they, and the newest tile, come next. */
export function readTilesHeader(r: Reader, unit: number, newest: number, into: TilesHeader): void {
  const header = r.uint();
  const count = Math.floor(header / 2);
  into.count = count;
  into.eternal = header % 2 === 1;
  into.newestStart = eternal;
  into.due = 0;
  into.span = 0;
  into.gap = 0;
  into.length = 0;
  if (count === 0) return;
  const finite = count - (into.eternal ? 1 : 0);
  if (finite > 0) into.newestStart = floorTo(newest, unit) - r.uint() * unit;
  if (count === 1) return;
  into.due = r.uint();
  if (finite > 1) {
    into.span = r.uint();
    into.gap = r.uint();
  }
  into.length = r.uint();
}

/** When closed tiles are due, as it is written: minutes from the newest time on, plus 1; 0 for never. */
function dueAfter({ due, dueFrom }: EncodedTiles, newest: number): number {
  return due === 0 ? 0 : Math.max(1, dueFrom + due - Math.floor(newest / minute));
}

const minutesUntil = (time: number, newest: number): number =>
  time === Number.POSITIVE_INFINITY ? 0 : 1 + Math.floor(time / minute) - Math.floor(newest / minute);

/** Whether some of the closed tiles have come to be joined or dropped. */
export const areDue = (encoded: EncodedTiles, newest: number): boolean =>
  encoded.due > 0 && Math.floor(newest / minute) >= encoded.dueFrom + encoded.due - 1;

/** Takes the newest tile apart, where it is still bytes; its object partials may stay. */
export function openNewest(track: Track, state: State): void {
  const encoded = state[track.encodedKey] as EncodedTiles | null;
  if (encoded !== null && encoded.newestTo > 0) {
    const r = reader;
    r.reset(state.bytes, encoded.to, encoded.newestTo);
    const cells = [newestStartOf(track, encoded)];
    const objects: unknown[] = [];
    tileCodecOf(track).open(r, cells, objects);
    if (encoded.closed === 0) state[track.encodedKey] = null;
    else encoded.newestTo = 0;
    state[track.cellsKey] = cells;
    state[track.objectsKey] = objects;
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
      if (typeof partial !== 'number' || aggregator.shape === 'numeric') continue;
      objects[tile + at] = openPartial(aggregator, state.bytes, partial, start === eternal ? 0 : start);
    }
  }
}

/** The finest hop: starts are written in it. */
export const unitOf = (track: Track): number => track.levels[0]?.hop ?? 1;

const reader = new Reader(new Uint8Array());
