import type { LogRecord } from '../../runtime/ports.ts';

/** The newest records of a shard, for whoever follows it closely: nothing is fetched from the disk for that. */
export interface LogTail {
  /** The record after the last one. */
  push(record: LogRecord & { readonly sequence: number }): void;
  /** Records from `first` on; null where they begin before the tail. What lies below is forgotten. */
  read(first: number, limit: number): readonly LogRecord[] | null;
  clear(): void;
}

/** Keeps about `maxBytes` of data at most, and forgets the oldest beyond. */
export function createLogTail(maxBytes: number): LogTail {
  let records: LogRecord[] = [];
  let oldest = 0;
  /** How many at the front are forgotten. */
  let gone = 0;
  let bytes = 0;

  function forget(): void {
    bytes -= sizeOf(records[gone++]!);
    oldest++;
    // Now and then, so that each is moved once on average.
    if (gone > 1_000 && 2 * gone > records.length) {
      records = records.slice(gone);
      gone = 0;
    }
  }

  return {
    push(record) {
      if (records.length === gone) oldest = record.sequence;
      records.push(record);
      bytes += sizeOf(record);
      while (bytes > maxBytes) forget();
    },
    read(first, limit) {
      if (records.length === gone || first < oldest) return null;
      while (oldest < first && gone < records.length) forget();
      return records.slice(gone, gone + limit);
    },
    clear() {
      records = [];
      gone = 0;
      bytes = 0;
    },
  };
}

const sizeOf = ({ data }: LogRecord): number => data.length + overhead;
/** The record and its view. */
const overhead = 150;
