/** Times and lengths of time are milliseconds; times count from 1970-01-01 UTC. */
export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** How far from 1970 a time can lie: the range of ECMAScript's Date. */
export const furthestTime = 8.64e15;

/** The greatest multiple of `step` that is not above `time`; floors before 1970 too. */
export const floorTo = (time: number, step: number): number => Math.floor(time / step) * step;
