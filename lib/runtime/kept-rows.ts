import type { Times } from '../kernel/index.ts';

/**
 * What was made of rows, for rows that are read again and again while they stay as they are: popular items, in every
 * ranking. Exact: a row's version never comes twice, and a version says the same at all times alike.
 *
 * Bounded by bytes; with none, nothing is kept. What was asked for lately stays: entries are in a young and an old
 * generation, and come back to the young one when they are asked for; once it holds half of the bytes it becomes the old
 * one, and the old one goes.
 */
export interface KeptRows {
  /** Room for what is read together under the keys of one entity. All rooms share the bytes. */
  room(): Room;
}

export interface Room {
  /** Room for one more thing under each key. */
  place<T extends object>(): Place<T>;
}

/** What is kept of one kind, by key. Quickest for the key that another place of the room was asked for last. */
export interface Place<T extends object> {
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
    room(): Room {
      let young = new Map<string, Entry>();
      let old = new Map<string, Entry>();
      // A look-up is mostly waiting for memory, and an entity's views come one after the other.
      let lastKey: string | null = null;
      let last: Entry | undefined;
      let places = 0;
      turns.push(() => {
        old = young;
        young = new Map();
        lastKey = null;
      });

      function entryOf(key: string): Entry | undefined {
        if (key === lastKey) return last;
        let entry = young.get(key);
        if (entry === undefined) {
          entry = old.get(key);
          if (entry !== undefined) {
            old.delete(key);
            young.set(key, entry);
            let bytes = 0;
            for (const kept of entry) bytes += kept?.bytes ?? 0;
            grow(bytes);
          }
        }
        lastKey = key;
        last = entry;
        return entry;
      }

      return {
        place<T extends object>(): Place<T> {
          const place = places++;
          return {
            get: key => entryOf(key)?.[place] as Kept<T> | undefined,
            note(key, version, times) {
              if (mostBytes === 0) return;
              let entry = entryOf(key);
              if (entry === undefined) {
                entry = new Array<undefined>(places).fill(undefined);
                young.set(key, entry);
                last = entry;
              }
              const known = entry[place];
              // Of rows that change from read to read, one entry serves on: new ones would be garbage that has grown old.
              if (known?.made === null) {
                known.version = version;
                known.times = times;
                return;
              }
              youngBytes -= known?.bytes ?? 0;
              const bytes = entryBytes + key.length;
              entry[place] = { version, times, made: null, bytes };
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
    },
  };
}

/** What is kept under one key, by place. */
type Entry = (Kept<object> | undefined)[];

/** Of what is noted without anything made: itself, its place in the map, its key's head. */
const entryBytes = 150;
