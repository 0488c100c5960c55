import { staysUntil } from '../ageing.ts';
import type { Source } from '../generate.ts';
import type { Track } from '../shape.ts';
import { type EncodedTiles, eternal, type State } from '../state.ts';
import { floorTo, minute } from '../time.ts';
import { type Reader, Writer } from './bytes.ts';
import { readUint, reserve, writeUint } from './cells.ts';
import { tileCodecOf } from './tile.ts';
import { noTiles, readTilesHeader, unitOf } from './tiles-header.ts';

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
export function emitReadTiles(source: Source, track: Track): void {
  const { encodedKey } = track;
  // The count is 3 of a tile of all time alone, which has no start, and 5 where that is the only closed one.
  source.line(`
    ${readUint('h')}
    if (h !== 0) {
      start = due = span = gap = length = 0;
      if (h !== 3) { ${readUint('x')} start = Math.floor(newest / ${unitOf(track)}) - x; }
      if (h > 3) {
        ${readUint('due')}
        if (h !== 5) { ${readUint('span')} ${readUint('gap')} }
        ${readUint('length')}
      }
      from = at;
      to = r.at = at + length;
      ${source.constant(tileCodecOf(track).skip)}(r);
      at = r.at;
      state.${encodedKey} = {
        closed: (h - (h & 1)) / 2 - 1, eternal: (h & 1) === 1,
        from, to, span, gap, due, dueFrom: minutes, start, newestTo: at,
      };
    }`);
}

/** Variables of the programs that `emitReadTiles` is for. */
export const readTilesVariables =
  'let h = 0, start = 0, due = 0, span = 0, gap = 0, length = 0, from = 0, to = 0;';

/** Writes a track's tiles. Those that nothing touched, and those of one newest tile, which are most, take no call. */
export function emitWriteTiles(source: Source, track: Track): void {
  const { cellsKey, objectsKey, encodedKey, stride } = track;
  const writeTile = source.constant(tileCodecOf(track).writeSized);
  source.line(`
    encoded = state.${encodedKey};
    cells = state.${cellsKey};
    if (cells !== null && cells.length !== ${stride}) {
      w.at = at;
      ${source.constant(compileWriteAll(track))}(w, state);
      at = w.at; out = w.bytes;
    } else if (cells === null && encoded === null) {
      ${reserve([], 1)}
      out[at++] = 0;
    } else {
      ${reserve([], 60)}
      closed = encoded === null ? 0 : encoded.closed;
      isEternal = encoded === null ? cells[0] === -Infinity : encoded.eternal;
      ${writeUint('(closed + 1) * 2 + (isEternal ? 1 : 0)')}
      if (closed > 0 || !isEternal) {
        ${writeUint(`Math.floor(newest / ${unitOf(track)}) - (encoded === null ? cells[0] / ${unitOf(track)} : encoded.start)`)}
      }
      if (closed > 0) {
        ${writeUint(`encoded.due === 0 ? 0 : ${source.constant(dueAfter)}(encoded, minutes)`)}
        if (closed > 1 || !isEternal) { ${writeUint('encoded.span')} ${writeUint('encoded.gap')} }
        ${writeUint('encoded.to - encoded.from')}
      }
      w.at = at;
      if (cells === null) w.copy(bytes, encoded.from, encoded.newestTo);
      else {
        if (closed > 0) w.copy(bytes, encoded.from, encoded.to);
        ${writeTile}(w, cells, 0, state.${objectsKey}, 0, cells[0] === -Infinity ? 0 : cells[0], bytes);
      }
      at = w.at; out = w.bytes;
    }`);
}

/** Variables of the programs that `emitWriteTiles` is for. */
export const writeTilesVariables = 'let encoded = null, cells = null, closed = 0, isEternal = false;';

/** Writes a track's tiles, however many are taken apart. */
function compileWriteAll(track: Track): (w: Writer, state: State) => void {
  const { stride, objectStride, cellsKey, objectsKey, encodedKey } = track;
  const unit = unitOf(track);
  const tile = tileCodecOf(track);
  const scratch = new Writer();

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
      due = dueAfter(encoded, Math.floor(state.newest / minute));
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

  return (w, state) => {
    const encoded = state[encodedKey] as EncodedTiles | null;
    const cells = state[cellsKey] as number[];
    if (cells.length === 0) return w.byte(0);
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
  };
}

const noBytes = { from: 0, to: 0 };

/** Reads the tiles of a state of the first form: the newest has to be taken apart to find its end. */
export function readFirstForm(r: Reader, track: Track, state: State): void {
  const unit = unitOf(track);
  const header = noTiles();
  readTilesHeader(r, unit, state.newest, header);
  const { count, newestStart, span, gap, due, length } = header;
  if (count === 0) return;
  const from = r.at;
  r.advance(length);
  if (count > 1) {
    state[track.encodedKey] = {
      closed: count - 1,
      eternal: header.eternal,
      from,
      to: r.at,
      span,
      gap,
      due,
      dueFrom: Math.floor(state.newest / minute),
      start: newestStart / unit,
      newestTo: 0,
    };
  }
  const cells = [newestStart];
  const objects: unknown[] = [];
  tileCodecOf(track).read(r, cells, objects, newestStart === eternal ? 0 : newestStart);
  state[track.cellsKey] = cells;
  state[track.objectsKey] = objects;
}

/** When closed tiles are due, as it is written: minutes from the newest time on, plus 1; 0 for never. */
function dueAfter({ due, dueFrom }: EncodedTiles, minutes: number): number {
  return due === 0 ? 0 : Math.max(1, dueFrom + due - minutes);
}

const minutesUntil = (time: number, newest: number): number =>
  time === Number.POSITIVE_INFINITY ? 0 : 1 + Math.floor(time / minute) - Math.floor(newest / minute);

/** Whether some of the closed tiles have come to be joined or dropped. */
export const areDue = (encoded: EncodedTiles, newest: number): boolean =>
  encoded.due > 0 && Math.floor(newest / minute) >= encoded.dueFrom + encoded.due - 1;
