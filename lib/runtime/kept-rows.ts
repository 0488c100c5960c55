import type { Times } from '../kernel/index.ts';

/**
 * What was made of rows, for rows that are read again and again while they stay as they are: popular items, in every
 * ranking. Exact: a row's version never comes twice, and a version says the same at all times alike.
 *
 * Bounded by bytes; with none, nothing is kept. What was asked for lately stays: entries are in a young and an old generation, and come back to the
 * young one when they are asked for; once it holds half of the bytes it becomes the old one, and the old one goes.
 */
export interface KeptRows {
  /** Room for the rows of one view of a group, by key. All share the bytes. */
  room<T extends object>(): Room<T>;
}

export interface Room<T extends object> {
  get(key: string): Kept<T> | undefined;
  /**
   * Notes that a row is asked for at a version and such a time. Only what is asked for a second time is worth making
   * and keeping: `keep` is for then.
   */
  note(key: string, version: number, times: Times): void;
  keep(kept: Kept<T>, made: T, bytes: number): void;
  /** Counts what is added to a row that is kept. */
  grow(kept: Kept<T>, bytes: number): void;
}

export interface Kept<T extends object> {
  version: number;
  times: Times;
  /** Null until it is asked for again. */
  made: T | null;
  bytes: number;
}

export function createKeptRows(mostBytes: number): KeptRows {
  const turns: (() => void)[] = [];
  let youngBytes = 0;

  function grow(bytes: number): void {
    youngBytes += bytes;
    if (youngBytes < mostBytes / 2) return;
    youngBytes = 0;
    for (const turn of turns) turn();
  }

  return {
    room<T extends object>(): Room<T> {
      let young = new Map<string, Kept<T>>();
      let old = new Map<string, Kept<T>>();
      turns.push(() => {
        old = young;
        young = new Map();
      });
      return {
        get(key) {
          const found = young.get(key);
          if (found !== undefined) return found;
          const older = old.get(key);
          if (older === undefined) return undefined;
          old.delete(key);
          young.set(key, older);
          grow(older.bytes);
          return older;
        },
        note(key, version, times) {
          if (mostBytes === 0) return;
          const known = young.get(key);
          // Of rows that change from read to read, one entry serves on: new ones would be garbage that has grown old.
          if (known?.made === null) {
            known.version = version;
            known.times = times;
            return;
          }
          youngBytes -= known?.bytes ?? 0;
          const bytes = entryBytes + key.length;
          young.set(key, { version, times, made: null, bytes });
          grow(bytes);
        },
        keep(kept, made, bytes) {
          kept.made = made;
          kept.bytes += bytes;
          grow(bytes);
        },
        grow(kept, bytes) {
          kept.bytes += bytes;
          grow(bytes);
        },
      };
    },
  };
}

/** Of an entry without anything made: itself, its place in the map, its key's head. */
const entryBytes = 150;
