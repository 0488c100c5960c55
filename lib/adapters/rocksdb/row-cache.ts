import type { StoredRow } from '../../runtime/ports.ts';

/** What a table is known to hold at a key: a row, or that there is none. */
export type KnownRow = StoredRow | typeof noRow;
export const noRow = { version: 0, bytes: null } as const;

/** Rows lately read and written, as the tables have them: only for the tables' one writer. */
export interface RowCache {
  table(name: string): TableCache;
}

export interface TableCache {
  get(key: string): KnownRow | undefined;
  set(key: string, row: KnownRow): void;
  /** Forgets what is known of a row, when it may have changed unseen. */
  forget(key: string): void;
}

interface Entry {
  row: KnownRow;
  size: number;
  /** Whether it was asked for since the hand last passed. */
  used: boolean;
}

/**
 * Holds at most about `maxBytes`. What goes is chosen by SIEVE (Zhang et al., NSDI 2024): a hand goes round the
 * entries from old to new, spares those used since it last passed, and drops the first that was not. It keeps what is
 * used often as well as an exact order of use does, and a hit costs no more than setting a flag.
 */
export function createRowCache(maxBytes: number): RowCache {
  const tables = new Map<string, Map<string, Entry>>();
  const hand = around(tables);
  let bytes = 0;

  function dropOne(): void {
    for (;;) {
      const { rows, key, entry } = hand.next().value;
      if (!entry.used) {
        rows.delete(key);
        bytes -= entry.size;
        return;
      }
      entry.used = false;
    }
  }

  return {
    table(name) {
      const rows = tables.get(name) ?? new Map<string, Entry>();
      tables.set(name, rows);
      return {
        get(key) {
          const entry = rows.get(key);
          if (entry === undefined) return undefined;
          entry.used = true;
          return entry.row;
        },
        set(key, row) {
          const size = overhead + key.length + (row.bytes?.length ?? 0);
          const entry = rows.get(key);
          if (entry === undefined) {
            rows.set(key, { row, size, used: false });
            bytes += size;
          } else {
            bytes += size - entry.size;
            entry.row = row;
            entry.size = size;
          }
          while (bytes > maxBytes) dropOne();
        },
        forget(key) {
          const entry = rows.get(key);
          if (entry === undefined) return;
          rows.delete(key);
          bytes -= entry.size;
        },
      };
    },
  };
}

/** Map entry, row object, string and buffer headers, about what V8 takes for them. */
const overhead = 300;

/** Every entry again and again, for as long as there is one. Maps allow changes while they are gone through. */
function* around(
  tables: ReadonlyMap<string, Map<string, Entry>>,
): Generator<{ rows: Map<string, Entry>; key: string; entry: Entry }, never> {
  for (;;) {
    for (const rows of tables.values()) {
      for (const [key, entry] of rows) yield { rows, key, entry };
    }
  }
}
