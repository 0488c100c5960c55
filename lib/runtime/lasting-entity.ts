import type { Decaying, Times } from '../kernel/index.ts';
import type { GroupView } from './group-view.ts';
import type { LoadedRow } from './load-rows.ts';
import type { Clock, RowWatch } from './ports.ts';

/** An entity that says the same again, but for what decays, until one of its rows changes or a window begins elsewhere. */
export interface LastingEntity {
  /** The time to answer for now; null once it may say something else. */
  asOf(): number | null;
  /** What those of its values are made of that decay: of one part after the other. */
  readonly decaying: Decaying;
  /** Nobody asks any more. */
  end(): void;
}

/** How an entity lasts whose rows, by part, were read at `asOf`; null if not all of them are kept as they are. */
export function lastingEntity(
  parts: readonly GroupView[],
  rows: readonly LoadedRow[],
  asOf: number,
): ((watch: RowWatch, clock: Clock) => LastingEntity) | null {
  const decaying: Decaying = [];
  let from = Number.NEGATIVE_INFINITY;
  let until = Number.POSITIVE_INFINITY;
  for (let p = 0; p < parts.length; p++) {
    const row = rows[p]!;
    const steady = parts[p]!.steady(row, asOf);
    if (steady === null) return null;
    decaying.push(...steady.decaying);
    // A time that is not past the newest event is not the clock's, but that event's.
    from = Math.max(from, steady.times.from, row.newest + 1);
    until = Math.min(until, steady.times.until);
  }
  return (watch, clock) => new WatchedEntity(watch, clock, { from, until }, decaying);
}

/** Its fields lie side by side, where variables of a closure would be another place in memory. */
class WatchedEntity implements LastingEntity {
  readonly decaying: Decaying;
  readonly #watch: RowWatch;
  readonly #clock: Clock;
  readonly #from: number;
  readonly #until: number;

  constructor(watch: RowWatch, clock: Clock, { from, until }: Times, decaying: Decaying) {
    this.#watch = watch;
    this.#clock = clock;
    this.#from = from;
    this.#until = until;
    this.decaying = decaying;
  }

  asOf(): number | null {
    if (this.#watch.hasChanged) return null;
    const now = this.#clock.now();
    return now >= this.#from && now < this.#until ? now : null;
  }

  end(): void {
    this.#watch.end();
  }
}
