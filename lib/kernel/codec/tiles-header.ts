import type { Track } from '../shape.ts';
import { eternal } from '../state.ts';
import { floorTo } from '../time.ts';
import type { Reader } from './bytes.ts';

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

/** The finest hop: starts are written in it. */
export const unitOf = (track: Track): number => track.levels[0]?.hop ?? 1;
