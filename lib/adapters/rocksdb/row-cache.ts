import type { StoredRow } from '../../runtime/ports.ts';
import { fieldsOfPlace, type WrittenRows } from './written-rows.ts';

/** What a table is known to hold at a key: a row, or that there is none. */
export type KnownRow = StoredRow | typeof noRow;
export const noRow = { version: 0, bytes: null } as const;

/** Rows lately read and written, as the tables have them: only for the tables' one writer. */
export interface RowCache {
  table(name: string): TableCache;
  /** Keeps rows that another thread wrote, where no newer ones are known, and forgets those that it failed to write. */
  adopt(written: WrittenRows): void;
}

/** All calls take distinct keys, and are quickest for keys of the call before, in its order. */
export interface TableCache {
  /** Undefined where nothing is known. The bytes stay as they are, also when the cache has let go of the row. */
  get(keys: readonly string[]): (KnownRow | undefined)[];
  /** The versions alone: 0 for no row, NaN where nothing is known. */
  versions(keys: readonly string[]): number[];
  /** Keeps these rows. Their bytes must never change: where they are part of a slab, it is kept and not a copy. */
  set(keys: readonly string[], rows: readonly KnownRow[]): void;
  /** Forgets what is known of rows that may have changed unseen. */
  forget(keys: readonly string[]): void;
  /** Forgets all rows. */
  clear(): void;
}

/**
 * Holds about `maxBytes` of rows, the latest that were read or written, as a log is kept: rows are appended to chunks
 * of memory, and when there are too many the oldest chunk goes, with the rows that were not appended anew since. Rows
 * that were encoded into one slab after the other bring their chunks with them.
 *
 * All of it is in a few large arrays. An object for each row would outlive every young collection and cost more time
 * there than the cache saves.
 */
export function createRowCache(maxBytes: number): RowCache {
  const chunkBytes = Math.max(minimumChunk, Math.floor(maxBytes / 64));
  const tables = new Map<string, Table>();
  let places = createPlaces(1024);
  let used = 0;
  const free: number[] = [];
  let bytes = 0;
  /** Oldest first; `firstChunk` is the number of the first. */
  const chunks: Chunk[] = [];
  let firstChunk = 0;
  /** Where copies go. */
  let copies = openChunk(new Uint8Array(chunkBytes));
  /** The slab whose rows came last. */
  let slab = copies;
  /** Slabs of other threads' rows that came last, by their number. */
  let adopted = new Map<number, Chunk>();
  /** How often a place was given up: what was found before that may be another row's by now. */
  let releases = 0;

  function openChunk(memory: Uint8Array): Chunk {
    const chunk = { id: firstChunk + chunks.length, memory, at: 0, members: [] };
    chunks.push(chunk);
    bytes += memory.length;
    return chunk;
  }

  function trim(): void {
    while (bytes > maxBytes && chunks.length > 1) {
      const chunk = chunks.shift() as Chunk;
      firstChunk++;
      bytes -= chunk.memory.length + chunk.members.length * memberBytes;
      for (const place of chunk.members) {
        if (places.ints[place * stride + chunkAt] !== chunk.id) continue;
        places.rows[place]?.delete(places.key[place] as string);
        release(place);
      }
      if (chunk === copies) copies = openChunk(new Uint8Array(chunkBytes));
      if (chunk === slab) slab = copies;
    }
  }

  function release(place: number): void {
    releases++;
    bytes -= placeBytes;
    places.ints[place * stride + chunkAt] = -1;
    places.key[place] = '';
    free.push(place);
  }

  function newPlace(rows: Map<string, number>, key: string): number {
    if (free.length === 0 && used === places.key.length) places = grown(places);
    const place = free.pop() ?? used++;
    places.numbers[(place * stride) / 2] = 0;
    places.rows[place] = rows;
    places.key[place] = key;
    rows.set(key, place);
    bytes += placeBytes;
    return place;
  }

  function keep(place: number, { version, bytes: row }: KnownRow): void {
    const length = row?.length ?? 0;
    const chunk = row === null ? copies : chunkFor(row);
    if (chunk === copies) {
      if (row !== null) chunk.memory.set(row, chunk.at);
      put(place, version, chunk, chunk.at, length);
      chunk.at += length;
    } else {
      put(place, version, chunk, (row as Uint8Array).byteOffset, length);
    }
  }

  function put(place: number, version: number, chunk: Chunk, offset: number, length: number): void {
    const { numbers, ints } = places;
    const at = place * stride;
    numbers[at / 2] = version;
    ints[at + chunkAt] = chunk.id;
    ints[at + offsetAt] = offset;
    ints[at + lengthAt] = length;
    chunk.members.push(place);
    bytes += memberBytes;
  }

  /** The slab that holds these bytes already, or else where there is room for a copy. */
  function chunkFor(row: Uint8Array): Chunk {
    if (row.buffer === slab.memory.buffer && slab !== copies) return slab;
    if (row.buffer.byteLength >= leastSlab && row.buffer.byteLength <= chunkBytes) {
      slab = openChunk(new Uint8Array(row.buffer));
      return slab;
    }
    if (copies.at + row.length > copies.memory.length) {
      copies = openChunk(new Uint8Array(Math.max(chunkBytes, row.length)));
    }
    return copies;
  }

  function tableNamed(name: string): Table {
    const known = tables.get(name);
    if (known !== undefined) return known;
    const rows = new Map<string, number>();
    const table = { rows, cache: tableOver(rows) };
    tables.set(name, table);
    return table;
  }

  function tableOver(rows: Map<string, number>): TableCache {
    // A batch's rows are read, judged and written in one order: what was found for the one spares looking it up for
    // the next.
    let trail: { readonly keys: readonly string[]; readonly places: number[] } = { keys: [], places: [] };
    let laidAt = 0;

    function lay(keys: readonly string[], found: number[]): number[] {
      trail = { keys, places: found };
      laidAt = releases;
      return found;
    }

    const lookUp = (key: string): number => rows.get(key) ?? nowhere;

    /** The places of the rows, `nowhere` where there is none, along the trail as far as it goes. */
    function follow(keys: readonly string[]): number[] {
      if (laidAt !== releases) return keys.map(lookUp);
      const known = trail;
      if (keys === known.keys) return known.places;
      const found: number[] = [];
      let n = 0;
      for (const key of keys) {
        const end = n + lookAhead;
        while (n < end && known.keys[n] !== key) n++;
        // It has left the trail.
        if (n === end) break;
        const place = known.places[n++] ?? nowhere;
        found.push(place === nowhere ? lookUp(key) : place);
      }
      for (let i = found.length; i < keys.length; i++) found.push(lookUp(keys[i] as string));
      return found;
    }

    function rowAt(place: number): KnownRow {
      const { numbers, ints } = places;
      const at = place * stride;
      const version = numbers[at / 2] as number;
      if (version === 0) return noRow;
      const { memory } = chunks[(ints[at + chunkAt] as number) - firstChunk] as Chunk;
      return { version, bytes: new Uint8Array(memory.buffer, ints[at + offsetAt], ints[at + lengthAt]) };
    }

    return {
      get(keys) {
        const found: number[] = [];
        const known: (KnownRow | undefined)[] = [];
        for (let i = 0; i < keys.length; i++) {
          const place = lookUp(keys[i] as string);
          found.push(place);
          known.push(place === nowhere ? undefined : rowAt(place));
        }
        lay(keys, found);
        return known;
      },
      versions: keys =>
        lay(keys, follow(keys)).map(place =>
          place === nowhere ? Number.NaN : (places.numbers[(place * stride) / 2] as number),
        ),
      set(keys, known) {
        const found = follow(keys);
        for (let i = 0; i < keys.length; i++) {
          let place = found[i] as number;
          if (place === nowhere) {
            const key = keys[i] as string;
            place = rows.get(key) ?? newPlace(rows, key);
            found[i] = place;
          }
          keep(place, known[i] as KnownRow);
        }
        trim();
      },
      forget(keys) {
        for (const key of keys) {
          const place = rows.get(key);
          if (place === undefined) continue;
          rows.delete(key);
          release(place);
        }
      },
      clear() {
        for (const place of rows.values()) release(place);
        rows.clear();
      },
    };
  }

  return {
    table: name => tableNamed(name).cache,
    adopt({ slabs, tables }) {
      const chunks = slabs.map(({ id, memory }) => {
        const chunk = adopted.get(id);
        return chunk !== undefined && chunk.id >= firstChunk ? chunk : openChunk(new Uint8Array(memory));
      });
      adopted = new Map(slabs.map(({ id }, i) => [id, chunks[i] as Chunk]));
      for (const { table, keys, versions, places: theirs, lost } of tables) {
        const { rows, cache } = tableNamed(table);
        for (let i = 0; i < keys.length; i++) {
          const key = keys[i] as string;
          const version = versions[i] as number;
          const place = rows.get(key) ?? newPlace(rows, key);
          if ((places.numbers[(place * stride) / 2] as number) > version) continue;
          const at = i * fieldsOfPlace;
          const chunk = chunks[theirs[at] as number] as Chunk;
          put(place, version, chunk, theirs[at + 1] as number, theirs[at + 2] as number);
        }
        cache.forget(lost);
      }
      trim();
    },
  };
}

interface Table {
  readonly rows: Map<string, number>;
  readonly cache: TableCache;
}

interface Chunk {
  readonly id: number;
  readonly memory: Uint8Array;
  at: number;
  /** The places of the rows appended here; some may have been appended elsewhere since. */
  readonly members: number[];
}

/** What is kept of each row, by place. */
interface Places {
  /** Its version, a double; then its chunk, offset and length, and four bytes that are free: it takes half a cache line. */
  readonly numbers: Float64Array;
  readonly ints: Int32Array;
  readonly key: string[];
  readonly rows: Map<string, number>[];
}

const stride = 6;
const chunkAt = 2;
const offsetAt = 3;
const lengthAt = 4;

function createPlaces(size: number): Places {
  const numbers = new Float64Array((size * stride) / 2);
  return { numbers, ints: new Int32Array(numbers.buffer), key: new Array<string>(size), rows: [] };
}

function grown(places: Places): Places {
  const { numbers, ints } = createPlaces(places.key.length * 2);
  numbers.set(places.numbers);
  const { key, rows } = places;
  key.length *= 2;
  return { numbers, ints, key, rows };
}

const nowhere = -1;
const minimumChunk = 4096;
/** Smaller buffers may hold one row alone, or be a view of anything: what is in them is copied. */
const leastSlab = 64 << 10;
/** What is kept beside the bytes counts as well, so that many small rows do not pass for nothing: map entry, key, place. */
const placeBytes = 200;
const memberBytes = 8;
/** Of rows that were read, so many in a row may be ones that nothing has to be written of. */
const lookAhead = 8;
