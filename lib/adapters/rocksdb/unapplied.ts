import type { UnappliedEvent, UnappliedReason, UnappliedStore } from '../../runtime/ports.ts';
import { sortableDigits } from '../sortable-digits.ts';
import type { DataDirectory } from './data-directory.ts';
import { decodeKept, encodeKept } from './kept-event.ts';
import { allKeys, keysUnder, textKey } from './keys.ts';

/**
 * Unapplied events in a data directory. What is put outlives the process; after a power failure it may be lost together
 * with the rows that lack the events, and comes again when the events do.
 */
export function createUnappliedStore({ database }: Pick<DataDirectory, 'database'>): UnappliedStore {
  return {
    async put(events) {
      database.write(batch => {
        for (const event of events) batch.put('unapplied', keyOf(event), encodeKept(event));
      });
    },

    async list({ table, key, limit }) {
      const range =
        table === undefined ? allKeys : key === undefined ? keysUnder(table) : keysUnder(table, escaped(key));
      const found: (UnappliedEvent & { readonly id: string })[] = [];
      for (const entry of database.iterate('unapplied', range)) {
        if (found.length >= limit) break;
        const event = decode(entry.value);
        if (key === undefined || event.key === key)
          found.push({ ...event, id: entry.key.toString('base64url') });
      }
      return found;
    },

    async remove(ids) {
      database.write(
        batch => {
          for (const id of ids) batch.delete('unapplied', Buffer.from(id, 'base64url'));
        },
        { sync: true },
      );
    },

    async count() {
      const counts = new Map<UnappliedReason, number>();
      for (const { value } of database.iterate('unapplied', allKeys)) {
        const { reason } = decode(value);
        counts.set(reason, (counts.get(reason) ?? 0) + 1);
      }
      return counts;
    },
  };
}

/** A row's key may be any text, zero bytes included, which separate the parts of keys here. */
const escaped = (key: string): string => encodeURIComponent(key.toWellFormed());

function keyOf({ table, key, fault, incarnation, position }: UnappliedEvent): Buffer {
  const { shard, sequence, index } = position;
  const parts = [incarnation, shard, sortableDigits(sequence), sortableDigits(index), escaped(fault ?? '')];
  return textKey(table, escaped(key), ...parts);
}

const decode = (value: Buffer): UnappliedEvent => decodeKept('unapplied', value);
