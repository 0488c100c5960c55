import type { ObjectAggregator } from '../aggregators/aggregator.ts';
import { Source } from '../generate.ts';
import type { Track, TrackSlot } from '../shape.ts';
import { eternal } from '../state.ts';
import { CorruptBytesError, type Reader } from './bytes.ts';
import type { StateHead } from './state.ts';
import { tileCodecOf } from './tile.ts';
import { noTiles, readTilesHeader, type TilesHeader, unitOf } from './tiles-header.ts';

/**
 * What a query needs of a track: the merged partials of some windows, for some of its slots.
 *
 * Windows lie one in another, so tiles are merged by *segment*: the stretch between the starts of two neighbouring
 * windows. A window is then its own segment merged with those of all shorter ones. What gathers
 * objects is kept from row to row and cleared: reading a thousand rows leaves little to collect.
 */
export interface TrackFold {
  /** By segment, the shortest window's first: the numeric partials, each segment in `stride` cells as in a tile. */
  readonly cells: number[];
  /** By segment: the object partials; null where nothing came. They are good until `clear`. */
  readonly objects: unknown[];
  /** Begins anew; the i-th segment begins at `starts[i]` and ends at `starts[i - 1]`. */
  clear(starts: readonly number[]): void;
  /** Merges an encoded track, tile by tile as they are read, into the segments. `head` is its state's. */
  fold(r: Reader, head: StateHead): void;
  /** Adds a segment to the next longer window's, and is done with it. */
  widen(segment: number): void;
}

export function createTrackFold(
  track: Track,
  segments: number,
  wanted: (slot: TrackSlot) => boolean,
): TrackFold {
  const { stride, objectStride, identity } = track;
  const slots = track.slots.filter(wanted);
  const unit = unitOf(track);
  const empty = Array.from({ length: segments }, () => [0, ...identity]).flat();
  const cells = [...empty];
  const objects = new Array<unknown>(segments * objectStride).fill(null);
  const kept = createKept(track, segments, slots);
  const header = noTiles();
  const foldTiles = compileFoldTiles(track, wanted, cells, objects, kept);
  let starts: readonly number[] = [];

  return {
    cells,
    objects,
    clear(at) {
      starts = at;
      for (let i = 0; i < empty.length; i++) cells[i] = empty[i] as number;
      for (let i = 0; i < objects.length; i++) objects[i] = null;
    },
    fold(r, { newest, sized }) {
      readTilesHeader(r, unit, newest, header);
      if (header.count > 0) foldTiles(r, header, starts, sized);
    },
    widen(segment) {
      const from = segment * stride;
      const fromObject = segment * objectStride;
      for (const { aggregator, at } of slots) {
        if (aggregator.shape === 'numeric') {
          aggregator.merge(cells, from + stride + at, cells, from + at);
          continue;
        }
        const theirs = objects[fromObject + at];
        const mine = objects[fromObject + objectStride + at];
        if (theirs === null) continue;
        if (mine === null) objects[fromObject + objectStride + at] = theirs;
        else (aggregator.gatherer ?? aggregator).merge(mine, theirs);
      }
    },
  };
}

/** Passes over an encoded track that nobody wants: its closed tiles at once. */
export function createTrackSkip(track: Track): (r: Reader, head: StateHead) => void {
  const unit = unitOf(track);
  const tile = tileCodecOf(track);
  const header = noTiles();
  return (r, { newest, sized }) => {
    readTilesHeader(r, unit, newest, header);
    if (header.count === 0) return;
    r.advance(header.length);
    if (sized) {
      tile.skip(r);
      return;
    }
    let bits = 0;
    for (const [i, { aggregator }] of track.slots.entries()) {
      if (i % 8 === 0) bits = r.byte();
      if (bits & (1 << (i % 8))) aggregator.skip(r);
    }
  };
}

/** What gathers objects, by segment and slot; null for the aggregators whose partials are decoded and merged. */
function createKept(track: Track, segments: number, slots: readonly TrackSlot[]): readonly unknown[] {
  const kept = new Array<unknown>(segments * track.objectStride).fill(null);
  for (let segment = 0; segment < segments; segment++) {
    for (const { aggregator, at } of slots) {
      if (aggregator.shape === 'object' && aggregator.gatherer !== undefined)
        kept[segment * track.objectStride + at] = aggregator.gatherer.create();
    }
  }
  return kept;
}

type FoldTiles = (r: Reader, header: TilesHeader, starts: readonly number[], sized: boolean) => void;

/** One loop over the tiles with a straight line per slot, as tiles are written (tiles.ts). */
function compileFoldTiles(
  track: Track,
  wanted: (slot: TrackSlot) => boolean,
  cells: number[],
  objects: unknown[],
  kept: readonly unknown[],
): FoldTiles {
  const { stride, objectStride } = track;
  const source = new Source();
  const scratch = source.constant([0, ...track.identity]);
  const names = {
    cells: source.constant(cells),
    objects: source.constant(objects),
    kept: source.constant(kept),
  };
  source.line(`
    const { count, eternal, newestStart } = header;
    const newest = count - 1;
    const end = r.at + header.length;
    const last = starts.length - 1;
    let segment = last;
    let start = newestStart - (header.gap + header.span) * ${unitOf(track)};
    let lengths = false;
    let to = 0;
    for (let i = 0; i < count; i++) {
      if (i === newest) {
        if (r.at !== end) ${source.constant(badLength)}(r, end);
        start = newestStart;
        lengths = sized;
      } else if (i > (eternal ? 1 : 0)) start += r.uint() * ${unitOf(track)};
      const oldest = i === 0 && eternal;
      const from = oldest ? ${source.constant(eternal)} : start;
      const origin = oldest ? 0 : start;
      while (segment > 0 && from >= starts[segment - 1]) segment--;
      const seen = from >= starts[segment];
      const cell = segment * ${stride};
      const object = segment * ${objectStride};`);
  for (const [i, slot] of track.slots.entries()) {
    const { aggregator, at } = slot;
    if (i % 8 === 0) source.line(`const bits${i} = r.byte();`);
    const name = source.constant(aggregator);
    const taken =
      aggregator.shape === 'numeric'
        ? `${name}.decode(r, ${scratch}, ${at}); ${name}.merge(${names.cells}, cell + ${at}, ${scratch}, ${at});`
        : takeObject(source, aggregator, at, names);
    const merged = wanted(slot) ? `if (seen) { ${taken} } else ${name}.skip(r);` : `${name}.skip(r);`;
    const present = `if (bits${i - (i % 8)} & ${1 << (i % 8)})`;
    if (aggregator.shape === 'numeric') {
      source.line(`${present} { ${merged} }`);
      continue;
    }
    source.line(`${present} {`);
    source.line('if (lengths) to = r.sizedEnd();');
    source.line(merged);
    source.line(`if (lengths && r.at !== to) ${source.constant(badPartial)}(r, to);`);
    source.line('}');
  }
  source.line('}');
  return source.compile(['r', 'header', 'starts', 'sized']) as FoldTiles;
}

function takeObject(
  source: Source,
  aggregator: ObjectAggregator<unknown>,
  at: number,
  { objects, kept }: { readonly objects: string; readonly kept: string },
): string {
  const mine = `${objects}[object + ${at}]`;
  if (aggregator.gatherer !== undefined) {
    const name = source.constant(aggregator.gatherer);
    const taken = `${name}.clear(${mine} = ${kept}[object + ${at}]);`;
    return `if (${mine} === null) ${taken} ${name}.absorb(${mine}, r, origin);`;
  }
  const name = source.constant(aggregator);
  const decoded = `${name}.decode(r, origin)`;
  return `if (${mine} === null) ${mine} = ${decoded}; else ${name}.merge(${mine}, ${decoded});`;
}

function badLength(r: Reader, end: number): never {
  throw new CorruptBytesError(`closed tiles end at byte ${r.at}, not at ${end}`);
}

function badPartial(r: Reader, end: number): never {
  throw new CorruptBytesError(`partial ends at byte ${r.at}, not at ${end}`);
}
