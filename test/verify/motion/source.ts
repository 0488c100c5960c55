import { type Arrival, badReasons, createFeed } from '../../../features/feed/generator/index.ts';
import type { Random } from '../../../features/feed/generator/random.ts';

const eventsPerRound = 100;
const days = 35;
const minute = 60_000;
/** How finely tails of windows move (DESIGN, rule 2), the longest first. */
const hops = [24 * 60 * minute, 60 * minute, 5 * minute] as const;

/** When tails of windows move: at this time, or 1 ms after it; null where they do neither. */
export const boundaryAt = (time: number): number | null => {
  const [, , finest] = hops;
  return time % finest === 0 ? time : (time + 1) % finest === 0 ? time + 1 : null;
};

/** The feed over some weeks, round by round, and the clock that goes with it. */
export function createSource(seed: number, events: number, random: Random) {
  const start = Date.UTC(2026, 2, 1, 12);
  const scale = Math.sqrt(events);
  const feed = createFeed({
    seed,
    users: Math.ceil(scale),
    items: Math.ceil(1.5 * scale),
    authors: Math.ceil(scale / 2),
    start,
    eventsPerSecond: events / (days * 86_400),
    rates: {
      reordered: 0.05,
      late: 0.04,
      ahead: 0.02,
      copy: 0.05,
      staleCopy: 0.02,
      bad: Object.fromEntries(badReasons.map(reason => [reason, reason === 'too-large' ? 0.0002 : 0.002])),
    },
  });
  const waiting: Arrival[] = [];
  let now = start;
  return {
    start,
    clock: { now: () => now },
    /** Moves the clock on, often to just when the tail of some window moves or 1 ms before; gives what arrives until then. */
    next(): readonly Arrival[] {
      while (waiting.length < eventsPerRound) waiting.push(feed.next().value);
      const last = waiting.at(-1)!.arrivalTime;
      const crossed = hops.find(length => Math.floor(last / length) > Math.floor((now + 1) / length));
      const draw = random.next();
      now =
        crossed === undefined || draw < 0.5
          ? Math.max(now, last)
          : Math.floor(last / crossed) * crossed - (draw < 0.75 ? 1 : 0);
      const later = waiting.findIndex(({ arrivalTime }) => arrivalTime > now);
      return waiting.splice(0, later < 0 ? waiting.length : later);
    },
  };
}
