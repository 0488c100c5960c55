/** The column families of a data directory's database, each with keys of its own kind. */
export const columns = ['meta', 'log', 'rows', 'runs', 'progress', 'quarantine', 'unapplied'] as const;
export type Column = (typeof columns)[number];

const MiB = 1 << 20;

/**
 * Without `compaction` the binding ignores the budget. A memtable takes a quarter of it, and RocksDB keeps its
 * write-ahead log until every column that wrote to it has flushed, up to 24 memtables of each: small budgets for what
 * is written little keep the log short (below 1.2 GB), and with it the time to open again (0.3 s for 220 MB).
 *
 * `compression: false` is for levels 0 and 1, where rows live that are written often; deeper levels are compressed by
 * zstd with any setting.
 */
const small = {
  compaction: 'level',
  memtableMemoryBudget: 4 * MiB,
  compression: false,
  cacheSize: MiB,
} as const;

/**
 * Measured with 4,400 of 100,000 rows of 400–900 bytes a batch, on two cores: `point-lookup` (hash index in blocks,
 * filter in memtables) reads 10 % faster and costs writes nothing that could be seen; universal compaction and writing in
 * the order of keys gain nothing. What gains is the row cache above: reads go from 22 ms to 1 ms, and writes from 30 ms to
 * 14, spared the garbage of reading. So the block cache is small. With two threads that fold no core is left for
 * compaction: a budget of 128 MiB for rows, where it was 64, gives a sixth more events/s, and 256 no more than that.
 */
export const columnOptions = {
  /** RocksDB requires it. It stays empty. */
  default: small,
  meta: small,
  log: { ...small, memtableMemoryBudget: 32 * MiB, cacheSize: 8 * MiB, blockSize: 16 << 10 },
  rows: { ...small, memtableMemoryBudget: 128 * MiB, cacheSize: 32 * MiB, optimize: 'point-lookup' },
  runs: { ...small, memtableMemoryBudget: 16 * MiB, cacheSize: 16 * MiB, optimize: 'point-lookup' },
  progress: small,
  quarantine: { ...small, compression: true },
  unapplied: { ...small, compression: true },
} as const;
