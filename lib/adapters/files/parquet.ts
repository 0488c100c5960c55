import { isUtf8 } from 'node:buffer';
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { SourceBatch } from '../../runtime/source.ts';

export interface ParquetFile {
  readonly columns: readonly string[];
  readonly totalRows: number;
  batches(skip: number): AsyncGenerator<SourceBatch>;
  close(): void;
}

/** Opens a Parquet file with DuckDB; rows stream in the file's order, a chunk of some two thousand at a time. */
export async function openParquet(path: string): Promise<ParquetFile> {
  // One thread keeps the order and leaves the processor to the pipeline; nothing is to be fetched from anywhere.
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  });
  const connection = await instance.connect();
  const close = () => {
    connection.closeSync();
    instance.closeSync();
  };
  try {
    const pattern = literalGlob(path);
    const described = await connection.run(`DESCRIBE ${query}`, [pattern]);
    const columns = (await described.getRows()).map(row => String(row[0]));
    const counted = await connection.run('SELECT sum(num_rows)::DOUBLE FROM parquet_file_metadata(?)', [
      pattern,
    ]);
    const totalRows = Number((await counted.getRows())[0]?.[0] ?? 0);
    return { columns, totalRows, batches: skip => readChunks(connection, pattern, skip), close };
  } catch (error) {
    close();
    throw error;
  }
}

async function* readChunks(
  connection: DuckDBConnection,
  pattern: string,
  skip: number,
): AsyncGenerator<SourceBatch> {
  const result = await connection.stream(query, [pattern]);
  let row = 0;
  for (
    let chunk = await result.fetchChunk();
    chunk && chunk.rowCount > 0;
    chunk = await result.fetchChunk()
  ) {
    const skipped = Math.max(0, Math.min(chunk.rowCount, skip - row));
    if (skipped < chunk.rowCount) {
      const rows = chunk.getRows().slice(skipped);
      for (const cells of rows)
        for (let i = 0; i < cells.length; i++) cells[i] = toCell(cells[i]!) as DuckDBValue;
      yield { firstRow: row + skipped + 1, rows };
    }
    row += chunk.rowCount;
  }
}

/** What a folder's name says (`year=2011`) is no part of the file: DuckDB would put it over a column of that name. */
const query = 'SELECT * FROM read_parquet(?, hive_partitioning => false)';

/** DuckDB reads a path as a glob. */
const literalGlob = (path: string): string => path.replace(/[*?[]/g, character => `[${character}]`);

/** Exact: integers past 2^53 stay bigints, decimals become their digits; times are cut to milliseconds. */
function toCell(value: DuckDBValue): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof DuckDBDecimalValue) return value.toString();
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) {
    return dateOf(value.micros, 1000n);
  }
  if (value instanceof DuckDBTimestampMillisecondsValue) return dateOf(value.millis, 1n);
  if (value instanceof DuckDBTimestampSecondsValue) return dateOf(value.seconds * 1000n, 1n);
  if (value instanceof DuckDBTimestampNanosecondsValue) return dateOf(value.nanos, 1_000_000n);
  if (value instanceof DuckDBDateValue) return new Date(value.days * 86_400_000);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toCell);
  if (value instanceof DuckDBStructValue) {
    return Object.fromEntries(Object.entries(value.entries).map(([name, entry]) => [name, toCell(entry)]));
  }
  if (value instanceof DuckDBMapValue) {
    return Object.fromEntries(value.entries.map(({ key, value: of }) => [String(toCell(key)), toCell(of)]));
  }
  if (value instanceof DuckDBUnionValue) return toCell(value.value);
  if (value instanceof DuckDBBlobValue) {
    // Writers of old leave text unmarked as such.
    return isUtf8(value.bytes)
      ? Buffer.from(value.bytes).toString('utf8')
      : Buffer.from(value.bytes).toString('base64');
  }
  return String(value);
}

/** Floors, so that times before 1970 are cut in the same direction. */
function dateOf(ticks: bigint, perMs: bigint): Date {
  const ms = ticks / perMs;
  return new Date(Number(ticks < 0n && ticks % perMs !== 0n ? ms - 1n : ms));
}
