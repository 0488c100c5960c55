import { Source } from '../generate.ts';
import type { Track, TrackSlot } from '../shape.ts';
import { mergeObject } from '../shape.ts';
import { type ClosedTiles, eternal, type State } from '../state.ts';
import { CorruptBytesError, Reader } from './bytes.ts';
import { unitOf } from './tiles.ts';

/**
 * What a query needs of a track: the merged partials of some windows, for some of its slots.
 *
 * Windows lie one in another, so tiles are merged by *segment*: the stretch between the starts of two neighbouring
 * windows. A window is then its own segment merged with those of all shorter ones.
 */
export interface TrackFold {
  /** By segment, the shortest window's first: the numeric partials, each segment in `stride` cells as in a tile. */
  readonly cells: number[];
  /** By segment: the object partials; null where nothing came. Nobody else holds them. */
  readonly objects: unknown[];
  /**
   * Puts the tiles of `state` into their segments; the i-th begins at `starts[i]` and ends at `starts[i - 1]`. The state
   * stays as it was, and closed tiles stay closed: they are merged as they are read, without being taken apart.
   */
  fold(state: State | null, starts: readonly number[]): void;
  /** Adds a segment to the next longer window's. */
  widen(segment: number): void;
}

export function createTrackFold(
  track: Track,
  segments: number,
  wanted: (slot: TrackSlot) => boolean,
): TrackFold {
  const { stride, objectStride, cellsKey, objectsKey, closedKey, identity } = track;
  const slots = track.slots.filter(wanted);
  const empty = Array.from({ length: segments }, () => [0, ...identity]).flat();
  const cells = [...empty];
  const objects = new Array<unknown>(segments * objectStride).fill(null);
  const foldClosed = compileFoldClosed(track, wanted);
  const unit = unitOf(track);
  const reader = new Reader(new Uint8Array());

  function mergeInto(
    segment: number,
    fromCells: readonly number[],
    fromObjects: readonly unknown[],
    from: number,
  ) {
    for (const { aggregator, at } of slots) {
      if (aggregator.shape === 'numeric') {
        aggregator.merge(cells, segment * stride + at, fromCells, from * stride + at);
      } else {
        const theirs = fromObjects[from * objectStride + at];
        if (theirs !== null) mergeObject(aggregator, objects, segment * objectStride + at, theirs);
      }
    }
  }

  return {
    cells,
    objects,
    fold(state, starts) {
      for (let i = 0; i < empty.length; i++) cells[i] = empty[i] as number;
      objects.fill(null);
      if (state === null) return;
      const closed = state[closedKey] as ClosedTiles | null;
      if (closed !== null) {
        reader.reset(closed.bytes);
        foldClosed(reader, closed, unit, starts, cells, objects);
        if (reader.at !== reader.end)
          throw new CorruptBytesError(`closed tiles: ${reader.end - reader.at} bytes after their end`);
      }
      const open = state[cellsKey] as readonly number[];
      let segment = 0;
      for (let tile = open.length / stride - 1; tile >= 0; tile--) {
        const start = open[tile * stride] as number;
        while (segment < segments && start < (starts[segment] as number)) segment++;
        if (segment === segments) break;
        mergeInto(segment, open, state[objectsKey] as readonly unknown[], tile);
      }
    },
    widen: segment => mergeInto(segment + 1, cells, objects, segment),
  };
}

type FoldClosed = (
  r: Reader,
  closed: ClosedTiles,
  unit: number,
  starts: readonly number[],
  cells: number[],
  objects: unknown[],
) => void;

/** One loop over the tiles with a straight line per slot, as tiles are written (tiles.ts). */
function compileFoldClosed(track: Track, wanted: (slot: TrackSlot) => boolean): FoldClosed {
  const { stride, objectStride } = track;
  const source = new Source();
  const scratch = source.constant([0, ...track.identity]);
  source.line(`
    const last = starts.length - 1;
    let segment = last;
    let start = closed.first;
    for (let i = 0; i < closed.count; i++) {
      const oldest = i === 0 && closed.eternal;
      if (i > (closed.eternal ? 1 : 0)) start += r.uint() * unit;
      const from = oldest ? ${source.constant(eternal)} : start;
      const origin = oldest ? 0 : start;
      while (segment > 0 && from >= starts[segment - 1]) segment--;
      const seen = from >= starts[segment];
      const cell = segment * ${stride};
      const object = segment * ${objectStride};`);
  for (const [i, slot] of track.slots.entries()) {
    const { aggregator, at } = slot;
    if (i % 8 === 0) source.line(`const bits${i} = r.byte();`);
    const present = `bits${i - (i % 8)} & ${1 << (i % 8)}`;
    const name = source.constant(aggregator);
    if (aggregator.shape === 'numeric') {
      const merge = `if (seen) ${name}.merge(cells, cell + ${at}, ${scratch}, ${at});`;
      source.line(`if (${present}) { ${name}.decode(r, ${scratch}, ${at}); ${wanted(slot) ? merge : ''} }`);
    } else {
      const mine = `objects[object + ${at}]`;
      const add =
        aggregator.absorb === undefined
          ? `${name}.merge(${mine}, ${name}.decode(r, origin))`
          : `${name}.absorb(${mine}, r, origin)`;
      const decoded = `${name}.decode(r, origin)`;
      const taken = `if (!seen) ${decoded}; else if (${mine} === null) ${mine} = ${decoded}; else ${add};`;
      const passed = aggregator.skip === undefined ? decoded : `${name}.skip(r)`;
      source.line(`if (${present}) { ${wanted(slot) ? taken : `${passed};`} }`);
    }
  }
  source.line('}');
  return source.compile(['r', 'closed', 'unit', 'starts', 'cells', 'objects']) as FoldClosed;
}
