import type { WrittenRows } from '../adapters/rocksdb/written-rows.ts';
import type { Plan } from '../kernel/plan.ts';
import type { JoinedRecords } from '../runtime/decode-records.ts';
import { MillraceError, StoreError } from '../runtime/errors.ts';
import type { AsideBatch, AsideResult } from '../runtime/fold-aside.ts';
import type { RowWrite, WriteOutcome } from '../runtime/ports.ts';
import type { EventRecord } from '../runtime/unpack-records.ts';

/** What the thread of fold-worker.ts begins with. */
export interface FoldWorkerData {
  /** Of the database. */
  readonly handle: bigint;
  readonly plan: Plan;
  /** Lives of the streams, by name. */
  readonly incarnations: ReadonlyMap<string, string>;
  readonly groups: ReadonlySet<string>;
  readonly cacheBytes: number;
}

/** What it is asked; `id` is the question's. */
export type FoldRequest =
  | {
      readonly kind: 'fold';
      readonly id: number;
      readonly stream: string;
      readonly batch: Omit<AsideBatch, 'joined'>;
      readonly records: RecordColumns;
    }
  /** Which events of that question's batch count; null where it is given up. */
  | { readonly kind: 'counts'; readonly id: number; readonly counts: Uint8Array | null }
  | {
      readonly kind: 'write';
      readonly id: number;
      readonly table: string;
      readonly writes: readonly RowWrite[];
    };

/** What it answers; first, once, that it is ready. */
export type FoldReply = 'ready' | FoldAnswer;

export interface FoldAnswer {
  readonly id: number;
  readonly result: AsideResultColumns | readonly WriteOutcome[] | null;
  /** Why there is no result. */
  readonly failure: Failure | null;
  /** Rows that it wrote since its last answer. */
  readonly written: WrittenRows;
  /** By table, what became of the writes since then. */
  readonly outcomes: ReadonlyMap<string, ReadonlyMap<WriteOutcome, number>>;
}

export interface AsideResultColumns extends Pick<AsideResult, 'unwritten'> {
  readonly error: Failure | null;
}

/** Records of one shard, in few objects. */
export interface RecordColumns {
  readonly bytes: SharedArrayBuffer;
  readonly ends: Uint32Array;
  readonly arrivals: Float64Array;
  readonly sequences: Float64Array | readonly (number | bigint)[];
  /** Null where all are 0. */
  readonly indexes: Uint32Array | null;
}

export function toColumns({ records, bytes, ends }: JoinedRecords): RecordColumns {
  const arrivals = new Float64Array(records.length);
  const indexes = new Uint32Array(records.length);
  const sequences: (number | bigint)[] = [];
  let areNumbers = true;
  let areFirst = true;
  for (let i = 0; i < records.length; i++) {
    const { arrivalTime, sequence, index = 0 } = records[i]!;
    arrivals[i] = arrivalTime;
    indexes[i] = index;
    sequences.push(sequence);
    areNumbers &&= typeof sequence === 'number';
    areFirst &&= index === 0;
  }
  return {
    bytes: bytes.buffer as unknown as SharedArrayBuffer,
    ends,
    arrivals,
    sequences: areNumbers ? new Float64Array(sequences as number[]) : sequences,
    indexes: areFirst ? null : indexes,
  };
}

export function fromColumns(shard: string, columns: RecordColumns): JoinedRecords {
  const { ends, arrivals, sequences, indexes } = columns;
  const bytes = Buffer.from(columns.bytes);
  const records: EventRecord[] = [];
  for (let i = 0; i < ends.length; i++) {
    const from = i === 0 ? 0 : ends[i - 1]! + 1;
    records.push(
      new JoinedRecord(shard, sequences[i]!, indexes?.[i] ?? 0, arrivals[i]!, bytes, from, ends[i]!),
    );
  }
  return { records, bytes, ends };
}

/** A class, for a view of each record's bytes would be made for nothing: they are asked for when one is set aside. */
class JoinedRecord implements EventRecord {
  readonly shard: string;
  readonly sequence: number | bigint;
  readonly index: number;
  readonly arrivalTime: number;
  readonly #bytes: Buffer;
  readonly #from: number;
  readonly #to: number;

  /** As long as there is one, V8 keeps the shape, and what it compiled for it, between two batches. */
  static readonly kept = new JoinedRecord('', 0, 0, 0, Buffer.alloc(0), 0, 0);

  constructor(
    shard: string,
    sequence: number | bigint,
    index: number,
    arrivalTime: number,
    bytes: Buffer,
    from: number,
    to: number,
  ) {
    this.shard = shard;
    this.sequence = sequence;
    this.index = index;
    this.arrivalTime = arrivalTime;
    this.#bytes = bytes;
    this.#from = from;
    this.#to = to;
  }

  get data(): Uint8Array {
    return this.#bytes.subarray(this.#from, this.#to);
  }
}

/** An error as it can be posted. */
export interface Failure {
  readonly message: string;
  /** A StoreError's. */
  readonly reason: StoreError['reason'] | null;
  readonly stack: string | undefined;
}

export const toFailure = (error: unknown): Failure => {
  const { message, stack } = error as Error;
  return { message, reason: error instanceof StoreError ? error.reason : null, stack };
};

export function fromFailure({ message, reason, stack }: Failure): MillraceError {
  const error = reason === null ? new MillraceError(message) : new StoreError(reason, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
