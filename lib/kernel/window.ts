import type { Window } from './plan.ts';
import { day, floorTo, hour, minute } from './time.ts';

/** The hops there are, finest first; each divides the next. */
export const hops = [5 * minute, hour, day] as const;

export const shortestWindow = 5 * minute;
export const longestWindow = 90 * day;

/** How finely the tail of a window of this length moves (DESIGN, rule 2). */
export function hopOf(windowMs: number): number {
  if (windowMs < 12 * hour) return 5 * minute;
  if (windowMs < 12 * day) return hour;
  return day;
}

/** The first instant that the window counts at query time `q`; it counts times below `q` only. */
export const windowStart = (window: Window, q: number): number =>
  window === 'lifetime' ? Number.NEGATIVE_INFINITY : floorTo(q - window, hopOf(window));

/** Query times: `from` itself is one of them, `until` is not. */
export interface Times {
  readonly from: number;
  readonly until: number;
}

/** The times around `q` at which all windows start where they start at `q`. */
export function timesAlike(windows: readonly Window[], q: number): Times {
  let from = Number.NEGATIVE_INFINITY;
  let until = Number.POSITIVE_INFINITY;
  for (const window of windows) {
    if (window === 'lifetime') continue;
    const first = windowStart(window, q) + window;
    from = Math.max(from, first);
    until = Math.min(until, first + hopOf(window));
  }
  return { from, until };
}
