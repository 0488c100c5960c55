import type { Decaying, Times } from '../kernel/index.ts';
import type { GroupView } from './group-view.ts';
import type { LoadedRow } from './load-rows.ts';
import type { RowWatch } from './ports.ts';

/**
 * An entity that says the same again, but for what decays, at these times of the reader's clock and until one of its rows
 * changes.
 */
export interface LastingEntity {
  /** To be ended. */
  readonly watch: RowWatch;
  readonly times: Times;
  /** What those of its values are made of that decay: of one part after the other. */
  readonly decaying: Decaying;
}

/** How an entity lasts whose rows, by part, were read at `asOf`; null if not all of them are kept as they are. */
export function lastingEntity(
  parts: readonly GroupView[],
  rows: readonly LoadedRow[],
  asOf: number,
): Omit<LastingEntity, 'watch'> | null {
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
  return { times: { from, until }, decaying };
}
