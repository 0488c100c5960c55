import { randomUUID } from 'node:crypto';
import { hash53 } from '../../kernel/hash.ts';
import { MillraceError, StoreError } from '../../runtime/errors.ts';
import type { Clock, EventLog, LogRecord } from '../../runtime/ports.ts';
import type { DataDirectory } from './data-directory.ts';
import type { Database } from './database.ts';
import { textKey } from './keys.ts';
import {
  arrivalOf,
  decodeRecord,
  recordHeader,
  recordKey,
  recordRange,
  sequenceOf,
  writeRecord,
  writeRecordKey,
} from './log-records.ts';
import { createLogTail, type LogTail } from './log-tail.ts';
import { perDatabase } from './per-database.ts';

export interface EventLogOptions {
  readonly stream: string;
  /** How many shards, from 1 to 4096. Counts when the stream is made; later it must be the same. */
  readonly shards: number;
  /** Stamps arrivals. The log holds them back while it runs behind what was stamped before. */
  readonly clock: Clock;
  /** `fsync`, the default: appended events outlive a power failure. `os`: they outlive this process. */
  readonly durability?: 'fsync' | 'os';
}

export interface RocksdbEventLog extends EventLog {
  /** The arrival stamped last; 0 before the first. A replay goes on from there. */
  latestArrival(): number;
  /** The sequence number given last in a shard; 0 before the first. */
  latestSequence(shard: string): number;
}

/** A stream was made with another number of shards: keys would change shards and so lose their order. */
export class ShardCountError extends MillraceError {
  override readonly name = 'ShardCountError';
}

/**
 * The stream's log in a data directory; the first call for a stream makes it.
 *
 * Sequence numbers count from 1 in each shard and are never used again, whatever is truncated. All that an append
 * stores is one write: its events in all shards, the last sequence numbers, the last arrival, and the checkpoint. It
 * can be read at once; the append resolves when it is durable.
 * What nobody has read past is also kept in memory, as it was passed in, up to a limit: do not change it afterwards.
 *
 * @throws ShardCountError when the stream exists with another number of shards.
 */
export async function createEventLog(
  { database }: DataDirectory,
  { stream, shards: count, clock, durability = 'fsync' }: EventLogOptions,
): Promise<RocksdbEventLog> {
  if (!Number.isInteger(count) || count < 1 || count > 4096) {
    throw new RangeError(`stream ${stream}: ${count} shards: give a whole number from 1 to 4096`);
  }
  const opened = openStream(database, stream, count);
  const { incarnation, tail, tails } = opened;
  const shards = tail.sequences.map((_, shard) => `shard-${String(shard).padStart(3, '0')}`);

  // Used again for every record: a batch copies what is put into it.
  const key = recordKey(stream, 0, 0);
  let value = Buffer.allocUnsafe(4096);

  function indexOf(shard: string): number {
    const index = shards.indexOf(shard);
    if (index < 0) throw new RangeError(`stream ${stream} has no shard ${shard}`);
    return index;
  }

  return {
    incarnation,
    shards,
    latestArrival: () => tail.arrival,
    latestSequence: shard => tail.sequences[indexOf(shard)]!,

    async append(events, { checkpoint } = {}) {
      // What a failed write has used up stays used up: it may have reached the disk.
      const now = clock.now();
      const records: (LogRecord & { readonly sequence: number })[] = [];
      const appended: number[] = [];
      try {
        database.write(batch => {
          for (const { partitionKey, data, arrivalTime = now } of events) {
            tail.arrival = Math.max(tail.arrival, arrivalTime);
            const shard = count === 1 ? 0 : hash53(partitionKey) % count;
            const sequence = tail.sequences[shard]! + 1;
            tail.sequences[shard] = sequence;
            writeRecordKey(key, shard, sequence);
            if (value.length < recordHeader + data.length)
              value = Buffer.allocUnsafe(2 * data.length + recordHeader);
            batch.put('log', key, writeRecord(value, tail.arrival, data));
            const record = { shard: shards[shard]!, sequence, arrivalTime: tail.arrival, data };
            appended.push(shard);
            records.push(record);
          }
          if (checkpoint) {
            batch.put('log', textKey('checkpoint', stream, checkpoint.source), Buffer.from(checkpoint.state));
          }
          if (events.length > 0) batch.put('log', tailKey(stream), encodeTail(tail));
        });
      } catch (error) {
        // What it used up is missing in them.
        for (const tail of tails) tail.clear();
        throw error;
      }
      for (let i = 0; i < records.length; i++) tails[appended[i]!]!.push(records[i]!);
      // Rows may be made of them before that: they stand behind them in the one write-ahead log.
      if (durability === 'fsync') await database.sync();
      return records;
    },

    async read(shard, after, limit) {
      const index = indexOf(shard);
      const first = after === null ? 0 : Number(after) + 1;
      if (first > tail.sequences[index]!) return [];
      const recent = tails[index]!.read(first, limit);
      if (recent !== null) return recent;
      const range = recordRange(stream, index, first, Number.MAX_SAFE_INTEGER);
      return database
        .range('log', { ...range, limit })
        .map(({ key, value }) => decodeRecord(shard, key, value));
    },

    async readCheckpoint(source) {
      return database.get('log', textKey('checkpoint', stream, source))?.toString() ?? null;
    },

    async truncate(time, keepAfter) {
      for (const [index, shard] of shards.entries()) {
        tails[index]!.clear();
        const processed = keepAfter.get(shard);
        if (processed === undefined) continue;
        const end = firstKept(index, time, Number(processed));
        const oldest = firstRecord(index, 0);
        if (oldest === null || oldest.sequence >= end) continue;
        // From the oldest record, not from the start: what was deleted before need not be skipped again.
        await database.deleteRange('log', recordRange(stream, index, oldest.sequence, end));
      }
    },
  };

  /** The first record of a shard at or after a sequence number. */
  function firstRecord(shard: number, sequence: number): { sequence: number; arrivalTime: number } | null {
    const range = recordRange(stream, shard, sequence, Number.MAX_SAFE_INTEGER);
    const [entry] = database.range('log', { ...range, limit: 1 });
    return entry === undefined
      ? null
      : { sequence: sequenceOf(entry.key), arrivalTime: arrivalOf(entry.value, shards[shard]!) };
  }

  /** The lowest sequence number to keep: arrivals never decrease within a shard, so it is found by bisection. */
  function firstKept(shard: number, time: number, processed: number): number {
    let low = 1;
    let high = Math.min(processed, tail.sequences[shard]!) + 1;
    while (low < high) {
      const middle = low + Math.floor((high - low) / 2);
      const record = firstRecord(shard, middle);
      if (record !== null && record.arrivalTime < time) low = record.sequence + 1;
      else high = middle;
    }
    return Math.min(low, high);
  }
}

interface Stream {
  readonly incarnation: string;
  readonly tail: Tail;
  /** By shard. */
  readonly tails: readonly LogTail[];
}

/** What must outlive the records themselves. */
interface Tail {
  /** The last arrival stamped. */
  arrival: number;
  /** The last sequence number used, by shard. */
  readonly sequences: number[];
}

/** By name: logs of one stream count on together. */
const openStreams = perDatabase(() => new Map<string, Stream>());

function openStream(database: Database, name: string, shards: number): Stream {
  const open = openStreams(database);
  const stream = open.get(name) ?? loadStream(database, name) ?? makeStream(database, name, shards);
  const present = stream.tail.sequences.length;
  if (present !== shards) {
    throw new ShardCountError(
      `stream ${name} was made with ${present} shards and cannot have ${shards}: use ${present}, or another data directory`,
    );
  }
  open.set(name, stream);
  return stream;
}

function loadStream(database: Database, name: string): Stream | null {
  const incarnation = database.get('log', streamKey(name));
  if (incarnation === null) return null;
  const tail = database.get('log', tailKey(name));
  if (tail === null || tail.length < 16 || tail.length % 8 !== 0) {
    throw new StoreError(
      'corrupt',
      `stream ${name}: its sequence numbers are lost. Restore the directory from a copy.`,
    );
  }
  return openedStream(incarnation.toString(), decodeTail(tail));
}

function makeStream(database: Database, name: string, shards: number): Stream {
  const incarnation = `${name}-${randomUUID()}`;
  const tail = { arrival: 0, sequences: Array<number>(shards).fill(0) };
  database.write(
    batch => {
      batch.put('log', streamKey(name), Buffer.from(incarnation));
      batch.put('log', tailKey(name), encodeTail(tail));
    },
    { sync: true },
  );
  return openedStream(incarnation, tail);
}

const openedStream = (incarnation: string, tail: Tail): Stream => ({
  incarnation,
  tail,
  tails: tail.sequences.map(() => createLogTail(tailBytes / tail.sequences.length)),
});

/** A backlog as large as the service lets it become, of events of a usual size. */
const tailBytes = 32 << 20;

const streamKey = (stream: string): Buffer => textKey('stream', stream);
const tailKey = (stream: string): Buffer => textKey('tail', stream);

const encodeTail = ({ arrival, sequences }: Tail): Buffer =>
  Buffer.from(Float64Array.of(arrival, ...sequences).buffer);

function decodeTail(bytes: Buffer): Tail {
  const numbers = Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(i * 8));
  return { arrival: numbers[0]!, sequences: numbers.slice(1) };
}
