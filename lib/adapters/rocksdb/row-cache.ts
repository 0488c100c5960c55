import type { StoredRow } from '../../runtime/ports.ts';

/** What a table is known to hold at a key: a row, or that there is none. */
export type KnownRow = StoredRow | typeof noRow;
export const noRow = { version: 0, bytes: null } as const;

/** Rows lately read and written, as the tables have them: only for the tables' one writer. */
export interface RowCache {
  table(name: string): TableCache;
}

export interface TableCache {
  /** The bytes stay as they are, also when the cache has let go of the row. */
  get(key: string): KnownRow | undefined;
  /** The version alone: 0 for no row, undefined where nothing is known. */
  versionOf(key: string): number | undefined;
  /** Copies the row's bytes. */
  set(key: string, row: KnownRow): void;
  /** Forgets what is known of a row, when it may have changed unseen. */
  forget(key: string): void;
}

/**
 * Holds about `maxBytes` of rows, the latest that were read or written, as a log is kept: rows are appended to chunks
 * of memory, and when there are too many the oldest chunk goes, with the rows that were not appended anew since.
 *
 * All of it is in a few large arrays. An object for each row would outlive every young collection and cost more time
 * there than the cache saves.
 */
export function createRowCache(maxBytes: number): RowCache {
  const chunkBytes = Math.max(minimumChunk, Math.floor(maxBytes / 64));
  const chunks = new Map<number, Chunk>();
  const tables = new Map<string, TableCache>();
  let places = createPlaces(1024);
  let used = 0;
  const free: number[] = [];
  let bytes = 0;
  let newest = openChunk(0);

  function openChunk(id: number, atLeast = 0): Chunk {
    const chunk: Chunk = { id, memory: new Uint8Array(Math.max(chunkBytes, atLeast)), at: 0, members: [] };
    chunks.set(id, chunk);
    bytes += chunk.memory.length;
    return chunk;
  }

  function dropOldest(): void {
    const [chunk] = chunks.values();
    if (chunk === undefined) return;
    chunks.delete(chunk.id);
    bytes -= chunk.memory.length;
    for (const place of chunk.members) {
      if (places.chunk[place] !== chunk.id) continue;
      places.rows[place]?.delete(places.key[place] as string);
      release(place);
    }
  }

  function release(place: number): void {
    places.chunk[place] = -1;
    places.key[place] = '';
    free.push(place);
  }

  function newPlace(rows: Map<string, number>, key: string): number {
    if (free.length === 0 && used === places.version.length) places = grown(places);
    const place = free.pop() ?? used++;
    places.rows[place] = rows;
    places.key[place] = key;
    rows.set(key, place);
    return place;
  }

  function tableOver(rows: Map<string, number>): TableCache {
    return {
      get(key) {
        const place = rows.get(key);
        if (place === undefined) return undefined;
        const version = places.version[place] as number;
        if (version === 0) return noRow;
        const from = places.offset[place] as number;
        const { memory } = chunks.get(places.chunk[place] as number) as Chunk;
        return { version, bytes: new Uint8Array(memory.buffer, from, places.length[place]) };
      },
      versionOf(key) {
        const place = rows.get(key);
        return place === undefined ? undefined : places.version[place];
      },
      set(key, row) {
        const length = row.bytes?.length ?? 0;
        // What is kept beside the bytes counts as well, so that many small rows do not pass for nothing.
        if (newest.at + length > newest.memory.length || newest.members.length * overhead > chunkBytes) {
          newest = openChunk(newest.id + 1, length);
          while (bytes > maxBytes && chunks.size > 1) dropOldest();
        }
        const place = rows.get(key) ?? newPlace(rows, key);
        if (row.bytes !== null) newest.memory.set(row.bytes, newest.at);
        places.version[place] = row.version;
        places.chunk[place] = newest.id;
        places.offset[place] = newest.at;
        places.length[place] = length;
        newest.at += length;
        newest.members.push(place);
      },
      forget(key) {
        const place = rows.get(key);
        if (place === undefined) return;
        rows.delete(key);
        release(place);
      },
    };
  }

  return {
    table(name) {
      const known = tables.get(name) ?? tableOver(new Map());
      tables.set(name, known);
      return known;
    },
  };
}

interface Chunk {
  readonly id: number;
  readonly memory: Uint8Array;
  at: number;
  /** The places of the rows appended here; some may have been appended elsewhere since. */
  readonly members: number[];
}

/** Where each row lies, by place. */
interface Places {
  readonly version: Float64Array;
  readonly chunk: Int32Array;
  readonly offset: Int32Array;
  readonly length: Int32Array;
  readonly key: string[];
  readonly rows: Map<string, number>[];
}

const createPlaces = (size: number): Places => ({
  version: new Float64Array(size),
  chunk: new Int32Array(size),
  offset: new Int32Array(size),
  length: new Int32Array(size),
  key: [],
  rows: [],
});

function grown(places: Places): Places {
  const larger = createPlaces(places.version.length * 2);
  larger.version.set(places.version);
  larger.chunk.set(places.chunk);
  larger.offset.set(places.offset);
  larger.length.set(places.length);
  return { ...larger, key: places.key, rows: places.rows };
}

const minimumChunk = 4096;
/** Map entry, key, place. */
const overhead = 200;
