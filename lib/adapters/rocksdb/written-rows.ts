import type { RowWrite } from '../../runtime/ports.ts';

/** Rows that a thread has written since it last told of them, for the others' caches; it can be posted as it is. */
export interface WrittenRows {
  /** Memory that the threads share; one that was told of before has the same number. */
  readonly slabs: readonly { readonly id: number; readonly memory: SharedArrayBuffer }[];
  readonly tables: readonly {
    readonly table: string;
    readonly keys: readonly string[];
    readonly versions: Float64Array;
    /** Of each row: which of the slabs it lies in, where, and its length. */
    readonly places: Int32Array;
    /** Keys of rows of which it is not known whether they were written. */
    readonly lost: readonly string[];
  }[];
}

export const fieldsOfPlace = 3;

/** Collects them. */
export function collectWrittenRows() {
  const ids = new WeakMap<SharedArrayBuffer, number>();
  let slabs: WrittenRows['slabs'][number][] = [];
  let tables: WrittenRows['tables'][number][] = [];
  let made = 0;

  function slabOf(memory: SharedArrayBuffer): number {
    for (let i = slabs.length - 1; i >= 0; i--) if (slabs[i]!.memory === memory) return i;
    const id = ids.get(memory) ?? made++;
    ids.set(memory, id);
    return slabs.push({ id, memory }) - 1;
  }

  return {
    written(table: string, writes: readonly RowWrite[]): void {
      const versions = new Float64Array(writes.length);
      const places = new Int32Array(writes.length * fieldsOfPlace);
      for (let i = 0; i < writes.length; i++) {
        const { version, bytes } = writes[i]!;
        // Rows that were not encoded here lie in memory of their own.
        const { buffer, byteOffset, length } =
          bytes.buffer instanceof SharedArrayBuffer ? bytes : sharedCopy(bytes);
        versions[i] = version;
        places[i * fieldsOfPlace] = slabOf(buffer as SharedArrayBuffer);
        places[i * fieldsOfPlace + 1] = byteOffset;
        places[i * fieldsOfPlace + 2] = length;
      }
      tables.push({ table, keys: writes.map(write => write.key), versions, places, lost: [] });
    },
    lost(table: string, keys: readonly string[]): void {
      const none = { keys: [], versions: new Float64Array(0), places: new Int32Array(0) };
      tables.push({ table, ...none, lost: keys });
    },
    /** What was collected since the last call. */
    take(): WrittenRows {
      const all = { slabs, tables };
      slabs = [];
      tables = [];
      return all;
    },
  };
}

function sharedCopy(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
