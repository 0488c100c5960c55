/**
 * What is known of one entity in one group: all its events, folded. Made by a group kernel's `createState` or
 * `decode`; only the kernel looks inside. The parts are members of their own, and not lists of lists, to spare each
 * event a few loads from cold memory.
 */
export interface State {
  /** The time of the newest event folded in; −∞ when there is none. Queries come after it. */
  newest: number;
  /** What the state was read from: parts that nothing has touched since are still there, and only there. */
  bytes: Uint8Array;
  /** By track: the numbers of the tiles that were taken apart, oldest first; null while none was. */
  [cells: CellsKey]: number[] | null;
  /** By track: their objects, of which some may still be bytes (codec/tile.ts). */
  [objects: ObjectsKey]: unknown[] | null;
  /** By track: the tiles before those, as they were read; null once all are taken apart. */
  [encoded: EncodedKey]: EncodedTiles | null;
  /** By recent slot: the newest values with their times, which serve every window alike; null while empty. */
  [recent: RecentKey]: unknown;
}

export type CellsKey = `cells${number}`;
export type ObjectsKey = `objects${number}`;
export type EncodedKey = `encoded${number}`;
export type RecentKey = `recent${number}`;

/** Tiles that are still bytes. Numbers are small integers, which cost no memory of their own. */
export interface EncodedTiles {
  /** How many closed tiles, and whether the oldest of them takes all of the time before the others. */
  readonly closed: number;
  readonly eternal: boolean;
  /** Where the closed tiles lie. */
  readonly from: number;
  readonly to: number;
  /** Hops from the start of the oldest finite closed tile to the newest's, and from there to the newest tile's. */
  readonly span: number;
  readonly gap: number;
  /** Minutes from the minute `dueFrom` until some closed tiles are due to be joined or dropped, plus 1; 0 for never. */
  readonly due: number;
  readonly dueFrom: number;
  /** The start of the newest tile, closed or not, in hops since 1970; 0 of one for all time. */
  readonly start: number;
  /** The end of the newest tile, which lies behind the closed ones; 0 once it is taken apart. */
  newestTo: number;
}

export const eternal = Number.NEGATIVE_INFINITY;
