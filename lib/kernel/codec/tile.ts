import type { ObjectAggregator } from '../aggregators/aggregator.ts';
import { Source } from '../generate.ts';
import type { Track } from '../shape.ts';
import type { EncodedTiles, State } from '../state.ts';
import { CorruptBytesError, Piece, Reader, type Writer } from './bytes.ts';
import {
  beginReading,
  beginWriting,
  emitReadCells,
  emitSkipCells,
  emitWriteCells,
  endReading,
  readUint,
  reserve,
} from './cells.ts';

/**
 * A tile as bytes: a bitmap of the slots that are not empty, 8 a byte, then their partials. Times in partials are
 * distances from the tile's start, the `origin` here, so that the bytes of a closed tile never change.
 *
 * In the newest tile, when it is *sized*, the length of each object partial precedes it: an event touches few of
 * them, and the others are passed over when the tile is read and copied when it is written.
 */
export interface TileCodec {
  /** Reads a tile whose start is the last of the cells, and makes all of its partials. */
  read(r: Reader, cells: number[], objects: unknown[], origin: number): void;
  /** Takes the newest tile, sized and still bytes, into a state's arrays: of object partials only where each is. */
  open(state: State, encoded: EncodedTiles, start: number): number[];
  /** Passes over a sized tile. */
  skip(r: Reader): void;
  /** Writes the tile at these places. Objects that are still encoded are taken from `bytes`. */
  write: WriteTile;
  writeSized: WriteTile;
}

type WriteTile = (
  w: Writer,
  cells: readonly number[],
  at: number,
  objects: readonly unknown[],
  object: number,
  origin: number,
  bytes: Uint8Array,
) => void;

export function tileCodecOf(track: Track): TileCodec {
  let codec = codecs.get(track);
  if (codec === undefined) {
    codec = {
      read: compileRead(track),
      open: compileOpen(track),
      skip: compileSkip(track),
      write: compileWrite(track, false),
      writeSized: compileWrite(track, true),
    };
    codecs.set(track, codec);
  }
  return codec;
}

const codecs = new WeakMap<Track, TileCodec>();

/**
 * An object partial of the newest tile that is still bytes: where its length is in the state's, or, once events were
 * folded into them, new bytes.
 */
export type EncodedPartial = number | Piece;

export const isEncoded = (partial: unknown): partial is EncodedPartial =>
  typeof partial === 'number' || partial instanceof Piece;

/** Makes the partial. */
export function openPartial(
  aggregator: ObjectAggregator<unknown>,
  bytes: Uint8Array,
  encoded: EncodedPartial,
  origin: number,
): unknown {
  const r = partialAt(bytes, encoded);
  const partial = aggregator.decode(r, origin);
  if (r.at !== r.end) throw new CorruptBytesError(`partial ends at byte ${r.at}, not at ${r.end}`);
  return partial;
}

/** What reads it. One serves all: reading partials never waits in between. */
export function partialAt(bytes: Uint8Array, encoded: EncodedPartial): Reader {
  if (typeof encoded === 'number') {
    reader.reset(bytes, encoded);
    reader.end = reader.sizedEnd();
  } else {
    reader.reset(encoded.bytes, encoded.from, encoded.to);
  }
  return reader;
}

const reader = new Reader(new Uint8Array());

/* One straight line per slot: each call goes to one known aggregator and can be inlined. */

function compileRead(track: Track): TileCodec['read'] {
  const source = new Source();
  const identity = track.identity.map(x => source.constant(x)).join(', ');
  source.line('const to = cells.length - 1;');
  if (identity !== '') source.line(`cells.push(${identity});`);
  source.line(beginReading);
  for (const [i, { aggregator, at }] of track.slots.entries()) {
    const present = presentIn(source, i);
    if (aggregator.shape === 'numeric') {
      source.line(`if (${present}) {`);
      emitReadCells(source, aggregator.forms, `to + ${at}`);
      source.line('}');
    } else {
      const decode = `r.at = at; objects.push(${source.constant(aggregator)}.decode(r, origin)); at = r.at;`;
      source.line(`if (${present}) { ${decode} } else objects.push(null);`);
    }
  }
  source.line(endReading);
  return source.compile(['r', 'cells', 'objects', 'origin']) as TileCodec['read'];
}

function compileOpen({ slots, identity, cellsKey, objectsKey, encodedKey }: Track): TileCodec['open'] {
  const source = new Source();
  const r = source.constant(new Reader(new Uint8Array()));
  const objects: string[] = [];
  source.line(`const r = ${r};`);
  source.line('r.reset(state.bytes, encoded.to, encoded.newestTo);');
  source.line(beginReading);
  source.line(`const cells = [${['start', ...identity.map(x => source.constant(x))].join(', ')}];`);
  for (const [i, { aggregator, at }] of slots.entries()) {
    const present = presentIn(source, i);
    if (aggregator.shape === 'numeric') {
      source.line(`if (${present}) {`);
      emitReadCells(source, aggregator.forms, String(at));
      source.line('}');
    } else {
      const object = `object${at}`;
      objects.push(object);
      source.line(`let ${object} = null;`);
      source.line(`if (${present}) { ${object} = at; ${readUint('x')} at += x; }`);
    }
  }
  source.line(`if (at !== r.end) ${source.constant(badTile)}(at, r.end);`);
  source.line(`if (encoded.closed === 0) state.${encodedKey} = null; else encoded.newestTo = 0;`);
  source.line(`state.${cellsKey} = cells;`);
  source.line(`state.${objectsKey} = [${objects.join(', ')}];`);
  source.line('return cells;');
  return source.compile(['state', 'encoded', 'start']) as TileCodec['open'];
}

function badTile(at: number, end: number): never {
  throw new CorruptBytesError(`newest tile ends at byte ${at}, not at ${end}`);
}

function compileSkip(track: Track): TileCodec['skip'] {
  const source = new Source();
  source.line(beginReading);
  for (const [i, { aggregator }] of track.slots.entries()) {
    source.line(`if (${presentIn(source, i)}) {`);
    if (aggregator.shape === 'numeric') emitSkipCells(source, aggregator.forms);
    else source.line(`${readUint('x')} at += x;`);
    source.line('}');
  }
  source.line(endReading);
  return source.compile(['r']) as TileCodec['skip'];
}

/** Whether slot `i` is in the tile; the bitmap's bytes stand before the partials they are of, eight by eight. */
function presentIn(source: Source, i: number): string {
  if (i % 8 === 0) source.line(`const bits${i} = bytes[at++];`);
  return `bits${i - (i % 8)} & ${1 << (i % 8)}`;
}

function compileWrite(track: Track, sized: boolean): WriteTile {
  const source = new Source();
  const copy = source.constant(sized ? copySized : copyPartial);
  source.line(beginWriting);
  const piece = source.constant(Piece);
  source.line('let partial, opened;');
  for (let first = 0; first < track.slots.length; first += 8) {
    const slots = track.slots.slice(first, first + 8);
    const bits = `bits${first}`;
    source.line(`let ${bits} = 0;`);
    for (const [i, { aggregator, at }] of slots.entries()) {
      const present =
        aggregator.shape === 'numeric'
          ? `cells[from + ${at}] !== ${source.constant(aggregator.identity[0])}`
          : `objects[object + ${at}] !== null`;
      source.line(`if (${present}) ${bits} |= ${1 << i};`);
    }
    const numeric = slots.flatMap(({ aggregator }) =>
      aggregator.shape === 'numeric' ? aggregator.forms : [],
    );
    source.line(reserve(numeric, 1));
    source.line(`out[at++] = ${bits};`);
    for (const [i, { aggregator, at }] of slots.entries()) {
      source.line(`if (${bits} & ${1 << i}) {`);
      if (aggregator.shape === 'numeric') {
        emitWriteCells(source, aggregator.forms, `from + ${at}`);
      } else {
        const encode = `${source.constant(aggregator)}.encode(w, partial, origin);`;
        source.line('w.at = at;');
        source.line(`partial = objects[object + ${at}];`);
        source.line(
          `if (typeof partial === 'number' || partial instanceof ${piece}) ${copy}(w, bytes, partial);`,
        );
        source.line(
          sized ? `else { opened = w.openLength(); ${encode} w.closeLength(opened); }` : `else { ${encode} }`,
        );
        source.line('at = w.at; out = w.bytes;');
      }
      source.line('}');
    }
  }
  source.line('w.at = at;');
  return source.compile(['w', 'cells', 'from', 'objects', 'object', 'origin', 'bytes']) as WriteTile;
}

function copySized(w: Writer, bytes: Uint8Array, partial: EncodedPartial): void {
  const { bytes: source, at, end } = partialAt(bytes, partial);
  w.uint(end - at);
  w.copy(source, at, end);
}

function copyPartial(w: Writer, bytes: Uint8Array, partial: EncodedPartial): void {
  const { bytes: source, at, end } = partialAt(bytes, partial);
  w.copy(source, at, end);
}
