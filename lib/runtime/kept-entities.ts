import type { Times } from '../kernel/index.ts';
import { arrayBytes, type FinishedRow } from './finish-row.ts';
import { type GroupView, isWithin, type SteadyRow } from './group-view.ts';
import type { Place } from './kept-rows.ts';
import type { LoadedRow, StoredRows } from './load-rows.ts';

/** An entity whose rows are all kept, and nobody need open, look up or write them one by one while they are as they were. */
export interface KeptEntity {
  /** Of its rows, by part; 0 where there is none. */
  readonly versions: readonly number[];
  /** When all of them say the same. */
  readonly times: Times;
  /** The time of the newest event of any. */
  readonly newest: number;
  readonly rows: readonly SteadyRow[];
  readonly text: EntityText;
}

/** What an answer says of an entity, but for the values that decay. */
export interface EntityText {
  /** JSON before, between and after those values; null until an answer has been written. */
  pieces: readonly Uint8Array[] | null;
  keep(pieces: readonly Uint8Array[]): void;
}

export interface KeptEntities {
  /**
   * The entity, if its rows are still those that are stored (by part, each alone in its list), and time has not changed
   * what they say. Not, if one has to be waited for.
   */
  known(
    key: string,
    stored: readonly (StoredRows | Promise<StoredRows>)[],
    now: number,
  ): KeptEntity | undefined;
  /** Keeps an entity if all its rows are kept, at their versions and at this time. */
  keep(key: string, rows: readonly LoadedRow[], asOf: number): KeptEntity | undefined;
}

/** Entities of these parts, all of which have one key. */
export function keepingEntities(parts: readonly GroupView[], place: Place<KeptEntity>): KeptEntities {
  return {
    known(key, stored, now) {
      const entity = place.get(key)?.made;
      if (entity === undefined || entity === null) return undefined;
      const { versions, newest, times } = entity;
      if (newest >= now || !isWithin(times, now)) return undefined;
      for (let p = 0; p < versions.length; p++) {
        const rows = stored[p]!;
        if (rows instanceof Promise) return undefined;
        if ((rows[0]?.version ?? 0) === versions[p]) continue;
        // It must not hold on to rows that are kept no more.
        place.note(key, 0, times);
        return undefined;
      }
      return entity;
    },

    keep(key, rows, asOf) {
      const steady: SteadyRow[] = [];
      const versions: number[] = [];
      let newest = Number.NEGATIVE_INFINITY;
      let from = Number.NEGATIVE_INFINITY;
      let until = Number.POSITIVE_INFINITY;
      for (const [p, row] of rows.entries()) {
        const found = parts[p]!.steady(row, asOf);
        if (found === null) return undefined;
        steady.push(found);
        versions.push(row.version);
        newest = Math.max(newest, row.newest);
        from = Math.max(from, found.times.from);
        until = Math.min(until, found.times.until);
      }
      const times = { from, until };
      place.note(key, 0, times);
      const kept = place.get(key);
      if (kept === undefined) return undefined;
      const text: EntityText = {
        pieces: null,
        keep(pieces) {
          text.pieces = pieces;
          place.grow(
            kept,
            pieces.reduce((sum, piece) => sum + piece.length + arrayBytes, 0),
          );
        },
      };
      const entity = { versions, times, newest, rows: steady, text };
      place.keep(kept, entity, entityBytes);
      return entity;
    },
  };
}

/** The rows of a kept entity at a time when it is known. */
export const rowsAt = ({ rows }: KeptEntity, asOf: number): readonly FinishedRow[] =>
  rows.map(row => row.at(asOf));

/** What an entity takes that is kept, beside its text. */
const entityBytes = 700;
