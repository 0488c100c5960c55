import type { Track } from './shape.ts';
import { eternal } from './state.ts';
import { floorTo } from './time.ts';

/**
 * Tiles are partial aggregates of stretches of time, and join as they age.
 *
 * How long a tile is follows from its age. A boundary of a window of hop h can still fall at time t only while a
 * window of that hop reaches back to t, and a query comes after every event of its row (rule 2). So, with the row's
 * newest event at m, times before the start of the longest 5-minute-hop window at m + 1 ms need no 5-minute tiles
 * any more, and so on up the hops; past the longest window they need no tile at all, or, under `lifetime`, one
 * that takes all (start −∞). A compacted track depends on nothing but its events. Tiles may stay finer than that
 * for a while: no query sees the difference.
 */

/** The start of the tile that an event of `time` belongs to in a row whose newest event is `newest`; NaN for none. */
export function tileStart({ levels, lifetime }: Track, time: number, newest: number): number {
  for (const { hop, window } of levels) {
    if (time >= floorTo(newest + 1 - window, hop)) return floorTo(time, hop);
  }
  return lifetime ? eternal : Number.NaN;
}

/** The newest time from which the tile at `start`, right for `newest`, is no longer what `tileStart` gives. */
export function staysUntil({ levels }: Track, start: number, newest: number): number {
  for (const { hop, window } of levels) {
    if (start >= floorTo(newest + 1 - window, hop)) return start + hop + window - 1;
  }
  return Number.POSITIVE_INFINITY;
}
