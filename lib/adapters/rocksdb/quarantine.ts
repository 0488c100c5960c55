import type { Quarantine, QuarantinedEvent, QuarantineReason } from '../../runtime/ports.ts';
import { sortableDigits } from '../sortable-digits.ts';
import type { DataDirectory } from './data-directory.ts';
import type { Database } from './database.ts';
import { decodeKept, encodeKept } from './kept-event.ts';
import { allKeys, keysUnder, textKey } from './keys.ts';
import { perDatabase } from './per-database.ts';

export interface RocksdbQuarantine extends Quarantine {
  /** Forgets the events that arrived before `time` (epoch ms); says how many. */
  removeBefore(time: number): Promise<number>;
}

type Quarantined = QuarantinedEvent & { readonly id: string };

/**
 * The quarantine in a data directory. Ids are `stream/shard/sequence/index`; listings go by stream, shard, and then
 * position. What is put outlives the process; after a power failure it may be lost together with the shard's progress,
 * and comes again when the events do.
 */
export function createQuarantine({ database }: DataDirectory): RocksdbQuarantine {
  const counts = countsOf(database);

  return {
    async put(events) {
      // The last of several at one position counts, as it would in several calls.
      const byKey = new Map(events.map(event => [keyOf(event).toString(), event]));
      const keys = [...byKey.keys()].map(key => Buffer.from(key));
      const before = counts.known === null ? [] : database.getMany('quarantine', keys);
      database.write(batch => {
        for (const event of byKey.values()) batch.put('quarantine', keyOf(event), encodeKept(event));
      });
      for (const value of before) if (value !== undefined) counts.add(decode(value).reason, -1);
      for (const { reason } of byKey.values()) counts.add(reason, 1);
    },

    async list({ stream, reason, limit }) {
      const found: Quarantined[] = [];
      const range = stream === undefined ? allKeys : keysUnder(stream);
      for (const { value } of database.iterate('quarantine', range)) {
        if (found.length >= limit) break;
        const event = decode(value);
        if (reason === undefined || event.reason === reason) found.push(event);
      }
      return found;
    },

    async get(id) {
      const key = keyOfId(id);
      const value = key && database.get('quarantine', key);
      return value === null ? null : decode(value);
    },

    async remove(ids) {
      const keys = [...new Set(ids)].map(keyOfId).filter(key => key !== null);
      const before = counts.known === null ? [] : database.getMany('quarantine', keys);
      database.write(
        batch => {
          for (const key of keys) batch.delete('quarantine', key);
        },
        { sync: true },
      );
      for (const value of before) if (value !== undefined) counts.add(decode(value).reason, -1);
    },

    async count() {
      counts.known ??= countAll(database);
      return new Map([...counts.known].filter(([, n]) => n > 0));
    },

    async removeBefore(time) {
      const removed: { readonly key: Buffer; readonly reason: QuarantineReason }[] = [];
      for (const { key, value } of database.iterate('quarantine', allKeys)) {
        const { arrivalTime, reason } = decode(value);
        if (arrivalTime < time) removed.push({ key, reason });
      }
      database.write(batch => {
        for (const { key } of removed) batch.delete('quarantine', key);
      });
      for (const { reason } of removed) counts.add(reason, -1);
      return removed.length;
    },
  };
}

/** Events by reason, once somebody has asked: to count a large quarantine takes seconds, which reads need not wait for. */
const countsOf = perDatabase(() => ({
  known: null as Map<QuarantineReason, number> | null,
  add(reason: QuarantineReason, n: number): void {
    this.known?.set(reason, (this.known.get(reason) ?? 0) + n);
  },
}));

function countAll(database: Database): Map<QuarantineReason, number> {
  const counts = new Map<QuarantineReason, number>();
  for (const { value } of database.iterate('quarantine', allKeys)) {
    const { reason } = decode(value);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}

const keyOf = ({ stream, position: { shard, sequence, index } }: QuarantinedEvent): Buffer =>
  textKey(stream, shard, sortableDigits(sequence), sortableDigits(index));

const idOf = ({ stream, position: { shard, sequence, index } }: QuarantinedEvent): string =>
  [stream, shard, sequence, index].map(part => encodeURIComponent(String(part))).join('/');

/** null for text that is no id: nothing is kept under it. */
function keyOfId(id: string): Buffer | null {
  const match = /^([^/]+)\/([^/]+)\/(\d{1,99})\/(\d{1,9})$/.exec(id);
  if (match === null) return null;
  try {
    const [stream, shard] = [decodeURIComponent(match[1]!), decodeURIComponent(match[2]!)];
    return textKey(stream, shard, sortableDigits(BigInt(match[3]!)), sortableDigits(BigInt(match[4]!)));
  } catch {
    return null;
  }
}

function decode(value: Buffer): Quarantined {
  const event = decodeKept<QuarantinedEvent>('quarantine', value);
  return { ...event, id: idOf(event) };
}
