import type { Clock } from '../runtime/ports.ts';

/** The machine's clock. It may be set back: whoever needs time that never does keeps the greatest seen. */
export const systemClock: Clock = { now: () => Date.now() };

export interface ReplayClock extends Clock {
  /** Moves the clock to `time` (epoch ms); a time at or before the present one leaves it where it is. */
  advanceTo(time: number): void;
}

/** A clock that stands still until it is moved, and never runs backwards: for replays of history, and for tests. */
export function createReplayClock(start = 0): ReplayClock {
  let present = start;
  return {
    now: () => present,
    advanceTo(time) {
      if (time > present) present = time;
    },
  };
}
