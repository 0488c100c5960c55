import type { StateStore } from '../../lib/runtime/ports.ts';
import type { Stored } from './store.ts';

/** What is stored, reached at once and without faults, when nobody else is under way. */
export function undisturbed({ tables, runs, progress }: Stored): StateStore {
  const never = () => Promise.reject(new Error('no batches are processed here'));
  return {
    read: async (table, keys) => keys.map(key => tables.get(table)?.get(key) ?? null),
    async write(table, writes) {
      for (const { key, version, bytes } of writes) tables.get(table)?.set(key, { version, bytes });
      return writes.map(() => 'written');
    },
    async writeRuns(table, written) {
      const all = runs.get(table) ?? new Map<string, Uint8Array>();
      for (const { id, bytes } of written) all.set(id, bytes);
      runs.set(table, all);
    },
    readRuns: async (table, ids) => ids.map(id => runs.get(table)?.get(id) ?? null),
    async deleteRuns(table, ids) {
      for (const id of ids) runs.get(table)?.delete(id);
    },
    readProgress: async life => new Map(progress.get(life)),
    advanceProgress: never,
    readNote: never,
    writeNote: never,
    async *scan(table) {
      yield* tables.get(table)?.keys() ?? [];
    },
  };
}
