import type { ObjectAggregator } from '../aggregators/aggregator.ts';
import { Source } from '../generate.ts';
import type { Track } from '../shape.ts';
import { CorruptBytesError, Reader, type Writer } from './bytes.ts';

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
  /** Reads a sized tile: of object partials only where each is. */
  open(r: Reader, cells: number[], objects: unknown[]): void;
  /** Passes over a sized tile. */
  skip(r: Reader): void;
  /** Writes the tile at these places. Objects that are numbers are taken from `bytes`. */
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

/** The partial of a sized tile whose length is at `at`. */
export function openPartial(
  aggregator: ObjectAggregator<unknown>,
  bytes: Uint8Array,
  at: number,
  origin: number,
): unknown {
  const r = partialAt(bytes, at);
  const partial = aggregator.decode(r, origin);
  if (r.at !== r.end) throw new CorruptBytesError(`partial ends at byte ${r.at}, not at ${r.end}`);
  return partial;
}

/** What reads that partial. One serves all: reading partials never waits in between. */
export function partialAt(bytes: Uint8Array, at: number): Reader {
  reader.reset(bytes, at);
  reader.end = reader.sizedEnd();
  return reader;
}

const reader = new Reader(new Uint8Array());

/* One straight line per slot: each call goes to one known aggregator and can be inlined. */

function compileRead(track: Track): TileCodec['read'] {
  const source = new Source();
  const identity = track.identity.map(x => source.constant(x)).join(', ');
  source.line('const at = cells.length - 1;');
  if (identity !== '') source.line(`cells.push(${identity});`);
  for (const [i, { aggregator, at }] of track.slots.entries()) {
    const present = presentIn(source, i);
    const name = source.constant(aggregator);
    source.line(
      aggregator.shape === 'numeric'
        ? `if (${present}) ${name}.decode(r, cells, at + ${at});`
        : `objects.push(${present} ? ${name}.decode(r, origin) : null);`,
    );
  }
  return source.compile(['r', 'cells', 'objects', 'origin']) as TileCodec['read'];
}

function compileOpen(track: Track): TileCodec['open'] {
  const source = new Source();
  const identity = track.identity.map(x => source.constant(x)).join(', ');
  source.line('const at = cells.length - 1;');
  if (identity !== '') source.line(`cells.push(${identity});`);
  if (track.objectStride > 0) source.line('let from = 0;');
  for (const [i, { aggregator, at }] of track.slots.entries()) {
    const present = presentIn(source, i);
    if (aggregator.shape === 'numeric') {
      source.line(`if (${present}) ${source.constant(aggregator)}.decode(r, cells, at + ${at});`);
    } else {
      source.line(
        `if (${present}) { from = r.at; r.skipSized(); objects.push(from); } else objects.push(null);`,
      );
    }
  }
  return source.compile(['r', 'cells', 'objects']) as TileCodec['open'];
}

function compileSkip(track: Track): TileCodec['skip'] {
  const source = new Source();
  for (const [i, { aggregator }] of track.slots.entries()) {
    const skip = aggregator.shape === 'numeric' ? `${source.constant(aggregator)}.skip(r)` : 'r.skipSized()';
    source.line(`if (${presentIn(source, i)}) ${skip};`);
  }
  return source.compile(['r']) as TileCodec['skip'];
}

/** Whether slot `i` is in the tile; the bitmap's bytes stand before the partials they are of, eight by eight. */
function presentIn(source: Source, i: number): string {
  if (i % 8 === 0) source.line(`const bits${i} = r.byte();`);
  return `bits${i - (i % 8)} & ${1 << (i % 8)}`;
}

function compileWrite(track: Track, sized: boolean): WriteTile {
  const source = new Source();
  const copy = source.constant(sized ? copySized : copyPartial);
  source.line('let partial, opened;');
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
      const name = source.constant(aggregator);
      source.line(`if (${bits} & ${1 << i}) {`);
      if (aggregator.shape === 'numeric') {
        source.line(`${name}.encode(w, cells, at + ${at});`);
      } else {
        const encode = `${name}.encode(w, partial, origin);`;
        source.line(`partial = objects[object + ${at}];`);
        source.line(`if (typeof partial === 'number') ${copy}(w, bytes, partial);`);
        source.line(
          sized ? `else { opened = w.openLength(); ${encode} w.closeLength(opened); }` : `else ${encode}`,
        );
      }
      source.line('}');
    }
  }
  return source.compile(['w', 'cells', 'at', 'objects', 'object', 'origin', 'bytes']) as WriteTile;
}

function copySized(w: Writer, bytes: Uint8Array, at: number): void {
  w.copy(bytes, at, partialAt(bytes, at).end);
}

function copyPartial(w: Writer, bytes: Uint8Array, at: number): void {
  const { at: from, end } = partialAt(bytes, at);
  w.copy(bytes, from, end);
}
