/**
 * What is known of one entity in one group: all its events, folded. Made by a group kernel's `createState` or
 * `decode`; only the kernel looks inside. The parts are members of their own, and not lists of lists, to spare each
 * event a few loads from cold memory.
 */
export interface State {
  /** The time of the newest event folded in; −∞ when there is none. Queries come after it. */
  newest: number;
  /** By track: its tiles' numbers and objects (tiles.ts), newest tiles only while `closed` holds the others. */
  readonly [cells: CellsKey]: number[];
  readonly [objects: ObjectsKey]: unknown[];
  /** By track: the tiles before those, as they were read; null once they are taken apart. */
  [closed: ClosedKey]: ClosedTiles | null;
  /** By recent slot: the newest values with their times, which serve every window alike; null while empty. */
  [recent: RecentKey]: unknown;
}

export type CellsKey = `cells${number}`;
export type ObjectsKey = `objects${number}`;
export type ClosedKey = `closed${number}`;
export type RecentKey = `recent${number}`;

/** Encoded tiles that nothing has touched since they were read: most updates only copy them. */
export interface ClosedTiles {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Whether the oldest takes all of the time before the others. */
  readonly eternal: boolean;
  /** Starts of the oldest and the newest finite tile; NaN without any. */
  readonly first: number;
  readonly last: number;
  /** From this newest time on, some of them are due to be joined or dropped. */
  readonly compactAt: number;
}

export const eternal = Number.NEGATIVE_INFINITY;
