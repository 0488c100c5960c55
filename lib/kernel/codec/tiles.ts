import { staysUntil } from '../ageing.ts';
import { Source } from '../generate.ts';
import type { Track } from '../shape.ts';
import { type ClosedTiles, eternal, type State } from '../state.ts';
import { floorTo, minute } from '../time.ts';
import { CorruptBytesError, Reader, Writer } from './bytes.ts';

/**
 * A track's tiles as bytes:
 *
 *     2 × tiles + (1 when the oldest takes all of the time before the others)
 *     of the newest tile: how many finest hops its start lies before that of the state's newest time
 *     when there are others, the closed tiles:
 *       minutes from the newest time until some of them are due to be compacted, plus 1; 0 for never
 *       when there is a finite one: hops from the first's start to the last's, and from there to the newest tile's
 *       their length in bytes; then each, oldest first: hops from the start of the one before (not for the tile of
 *       all time and the first finite one), then the tile
 *     the newest tile
 *
 * and a tile is a bitmap of the slots that are not empty, 8 a byte, then their partials. Times in partials are
 * distances from the tile's start, so that a closed tile's bytes never change: an update copies them.
 */
export interface TrackCodec {
  write(w: Writer, state: State): void;
  read(r: Reader, state: State): void;
}

export function trackCodec(track: Track): TrackCodec {
  const { stride, objectStride, cellsKey, objectsKey, closedKey } = track;
  const unit = unitOf(track);
  const writeTile = compileWriteTile(track);
  const { readTile } = tileReaderOf(track);
  const scratch = new Writer();
  const header = noTiles();

  return {
    write(w, state) {
      const cells = state[cellsKey] as number[];
      const objects = state[objectsKey] as unknown[];
      const closed = state[closedKey] as ClosedTiles | null;
      const open = cells.length / stride;
      const count = open + (closed?.count ?? 0);
      const isEternal = closed === null ? cells[0] === eternal : closed.eternal;
      w.uint(count * 2 + (isEternal ? 1 : 0));
      if (count === 0) return;
      const newest = (open - 1) * stride;
      const newestStart = cells[newest] as number;
      if (newestStart !== eternal) w.uint((floorTo(state.newest, unit) - newestStart) / unit);
      if (count > 1) {
        let first = closed === null ? Number.NaN : closed.first;
        let last = closed === null ? Number.NaN : closed.last;
        let due = closed === null ? Number.POSITIVE_INFINITY : closed.compactAt;
        scratch.restart();
        for (let i = 0; i < open - 1; i++) {
          const start = cells[i * stride] as number;
          if (start !== eternal) {
            if (Number.isNaN(first)) first = start;
            else scratch.uint((start - last) / unit);
            last = start;
            due = Math.min(due, staysUntil(track, start, state.newest));
          }
          writeTile(scratch, cells, i * stride, objects, i * objectStride, start === eternal ? 0 : start);
        }
        w.uint(
          due === Number.POSITIVE_INFINITY
            ? 0
            : 1 + Math.floor(due / minute) - Math.floor(state.newest / minute),
        );
        if (count - (isEternal ? 1 : 0) > 1) {
          w.uint((last - first) / unit);
          w.uint((newestStart - last) / unit);
        }
        w.uint((closed?.bytes.length ?? 0) + scratch.at);
        if (closed !== null) w.raw(closed.bytes);
        w.raw(scratch.bytes.subarray(0, scratch.at));
      }
      writeTile(
        w,
        cells,
        newest,
        objects,
        (open - 1) * objectStride,
        newestStart === eternal ? 0 : newestStart,
      );
    },

    read(r, state) {
      readTilesHeader(r, unit, state.newest, header);
      const { count, newestStart, first, last, due } = header;
      if (count === 0) return;
      if (count > 1) {
        const bytes = r.raw(header.length);
        const compactAt =
          due === 0 ? Number.POSITIVE_INFINITY : (Math.floor(state.newest / minute) + due - 1) * minute;
        state[closedKey] = { bytes, count: count - 1, eternal: header.eternal, first, last, compactAt };
      }
      const cells = state[cellsKey] as number[];
      cells.push(newestStart);
      readTile(r, cells, state[objectsKey] as unknown[], newestStart === eternal ? 0 : newestStart);
    },
  };
}

/** What stands before a track's tiles. */
export interface TilesHeader {
  /** How many tiles, the newest included. */
  count: number;
  /** Whether the oldest takes all of the time before the others. */
  eternal: boolean;
  newestStart: number;
  due: number;
  /** Starts of the oldest and the newest finite closed tile; NaN without any. */
  first: number;
  last: number;
  /** Bytes of the closed tiles. */
  length: number;
}

export const noTiles = (): TilesHeader => ({
  count: 0,
  eternal: false,
  newestStart: eternal,
  due: 0,
  first: Number.NaN,
  last: Number.NaN,
  length: 0,
});

/** Reads it into `into`, and stops before the closed tiles: they, and the newest tile, come next. */
export function readTilesHeader(r: Reader, unit: number, newest: number, into: TilesHeader): void {
  const header = r.uint();
  const count = Math.floor(header / 2);
  into.count = count;
  into.eternal = header % 2 === 1;
  into.newestStart = eternal;
  into.first = Number.NaN;
  into.last = Number.NaN;
  into.length = 0;
  if (count === 0) return;
  const finite = count - (into.eternal ? 1 : 0);
  if (finite > 0) into.newestStart = floorTo(newest, unit) - r.uint() * unit;
  if (count === 1) return;
  into.due = r.uint();
  if (finite > 1) {
    const span = r.uint();
    into.last = into.newestStart - r.uint() * unit;
    into.first = into.last - span * unit;
  }
  into.length = r.uint();
}

/** Takes closed tiles apart, so that all of the track's tiles are in its arrays. */
export function openTiles(track: Track, state: State): void {
  const closed = state[track.closedKey] as ClosedTiles | null;
  if (closed === null) return;
  const { readTile } = tileReaderOf(track);
  const unit = unitOf(track);
  const r = new Reader(closed.bytes);
  const cells: number[] = [];
  const objects: unknown[] = [];
  let start = closed.first;
  for (let i = 0; i < closed.count; i++) {
    if (i === 0 && closed.eternal) {
      cells.push(eternal);
      readTile(r, cells, objects, 0);
      continue;
    }
    if (i > (closed.eternal ? 1 : 0)) start += r.uint() * unit;
    cells.push(start);
    readTile(r, cells, objects, start);
  }
  // The arrays stay the same ones: an update in progress holds them.
  if (r.at !== r.end) throw new CorruptBytesError(`closed tiles: ${r.end - r.at} bytes after their end`);
  state[track.closedKey] = null;
  prepend(state[track.cellsKey] as number[], cells);
  if (objects.length > 0) prepend(state[track.objectsKey] as unknown[], objects);
}

/** Not by `unshift(...items)`: many tiles of many slots are more arguments than a call can have. */
function prepend<T>(list: T[], items: readonly T[]): void {
  const rest = list.splice(0);
  for (const item of items) list.push(item);
  for (const item of rest) list.push(item);
}

/** The finest hop: starts are written in it. */
export const unitOf = (track: Track): number => track.levels[0]?.hop ?? 1;

type WriteTile = (
  w: Writer,
  cells: readonly number[],
  at: number,
  objects: readonly unknown[],
  object: number,
  origin: number,
) => void;
/** Reads a tile whose start is the last of the cells. */
type ReadTile = (r: Reader, cells: number[], objects: unknown[], origin: number) => void;

/** One straight line per slot: each call goes to one known aggregator and can be inlined. */
function compileWriteTile(track: Track): WriteTile {
  const source = new Source();
  for (let first = 0; first < track.slots.length; first += 8) {
    const slots = track.slots.slice(first, first + 8);
    const bits = `bits${first}`;
    source.line(`let ${bits} = 0;`);
    for (const [i, { aggregator, at }] of slots.entries()) {
      const empty =
        aggregator.shape === 'numeric'
          ? `${source.constant(aggregator)}.isEmpty(cells, at + ${at})`
          : `objects[object + ${at}] === null`;
      source.line(`if (!(${empty})) ${bits} |= ${1 << i};`);
    }
    source.line(`w.byte(${bits});`);
    for (const [i, { aggregator, at }] of slots.entries()) {
      const partial =
        aggregator.shape === 'numeric' ? `cells, at + ${at}` : `objects[object + ${at}], origin`;
      source.line(`if (${bits} & ${1 << i}) ${source.constant(aggregator)}.encode(w, ${partial});`);
    }
  }
  return source.compile(['w', 'cells', 'at', 'objects', 'object', 'origin']) as WriteTile;
}

const readers = new WeakMap<Track, { readTile: ReadTile }>();

function tileReaderOf(track: Track): { readTile: ReadTile } {
  let reader = readers.get(track);
  if (reader === undefined) {
    reader = { readTile: compileReadTile(track) };
    readers.set(track, reader);
  }
  return reader;
}

function compileReadTile(track: Track): ReadTile {
  const source = new Source();
  const identity = track.identity.map(x => source.constant(x)).join(', ');
  source.line('const at = cells.length - 1;');
  if (identity !== '') source.line(`cells.push(${identity});`);
  for (const [i, { aggregator, at }] of track.slots.entries()) {
    if (i % 8 === 0) source.line(`const bits${i} = r.byte();`);
    const present = `bits${i - (i % 8)} & ${1 << (i % 8)}`;
    const name = source.constant(aggregator);
    if (aggregator.shape === 'numeric') {
      source.line(`if (${present}) ${name}.decode(r, cells, at + ${at});`);
    } else {
      source.line(`objects.push(${present} ? ${name}.decode(r, origin) : null);`);
    }
  }
  return source.compile(['r', 'cells', 'objects', 'origin']) as ReadTile;
}
