/** The part of @nxtedition/rocksdb 12 that database.ts uses; the package ships no types. */
declare module '@nxtedition/rocksdb' {
  /** A native handle of a column family. */
  interface ColumnHandle {
    readonly native: unique symbol;
  }

  interface ColumnOptions {
    readonly compaction?: 'level' | 'universal';
    readonly memtableMemoryBudget?: number;
    readonly compression?: boolean;
    readonly cacheSize?: number;
    readonly blockSize?: number;
    readonly optimize?: 'point-lookup';
  }

  interface OpenOptions {
    readonly createIfMissing?: boolean;
    readonly parallelism?: number;
    readonly walCompression?: boolean;
    readonly columns: Readonly<Record<string, ColumnOptions>>;
  }

  interface QueryOptions {
    readonly column: ColumnHandle;
    readonly gte: Buffer;
    readonly lt: Buffer;
    readonly limit: number;
    readonly reverse: boolean;
    readonly values: boolean;
    readonly highWaterMarkBytes: number;
    /** Without them the native side reads uninitialised memory. */
    readonly keyEncoding: 'buffer';
    readonly valueEncoding: 'buffer';
  }

  class Batch {
    _put(key: Buffer, value: Buffer, options: { readonly column: ColumnHandle }): void;
    _del(key: Buffer, options: { readonly column: ColumnHandle }): void;
    _clear(): void;
    _writeSync(options: { readonly sync: boolean }): void;
  }

  export class RocksLevel {
    constructor(path: string, options: OpenOptions);
    /** Joins a database that this process has open. */
    constructor(handle: bigint);
    readonly handle: bigint;
    readonly location: string;
    open(): Promise<void>;
    close(): Promise<void>;
    readonly columns: Readonly<Record<string, ColumnHandle>>;
    batch(): Batch;
    _clear(options: {
      readonly column: ColumnHandle;
      readonly gte: Buffer;
      readonly lt: Buffer;
    }): Promise<void>;
    querySync(options: QueryOptions): { readonly rows: (Buffer | undefined)[]; readonly finished: boolean };
    _getManySync(keys: readonly Buffer[], options: { readonly column: ColumnHandle }): (Buffer | undefined)[];
  }
}
