import { readFile } from 'node:fs/promises';
import { DuckDBInstance, DuckDBTypeId } from '@duckdb/node-api';

/** Expected values of a group at one query time, column by column; `keys` in the columns' order. */
export interface Expected {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, readonly unknown[]>;
}

export interface RetailSql {
  /** Every entity that occurs in the log, with the values that its events before `q` give. */
  expected(group: string, q: number): Promise<Expected>;
  close(): void;
}

/**
 * The retail features in hand-written SQL, over the raw log, in memory.
 *
 * @param edit changes the SQL's text: how the tests show that a wrong boundary would be seen
 */
export async function openRetailSql(
  log: string,
  edit: (sql: string) => string = sql => sql,
): Promise<RetailSql> {
  const read = async (name: string): Promise<string> =>
    edit(await readFile(new URL(`./${name}.sql`, import.meta.url), 'utf8'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const setup = (await read('events')).replaceAll('$file', `'${log.replaceAll("'", "''")}'`);
  for (const statement of setup.split(/;\s*$/m)) {
    if (statement.trim() !== '') await connection.run(statement);
  }
  return {
    async expected(group, q) {
      const result = await connection.runAndReadAll((await read(group)).replaceAll('$q', String(q)));
      const values = result.getColumnsJS();
      const columns = result.columnNames().map((name, i) => {
        const isMap = result.columnTypeId(i) === DuckDBTypeId.MAP;
        return [name, values[i]!.map(isMap ? mapOf : plain)] as const;
      });
      return { rows: result.currentRowCount, columns: new Map(columns) };
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** Big integers of this log all fit a number; structs and lists stay as they are. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, plain(v)]));
  }
  return value;
}

/** DuckDB hands a map over as a list of entries. */
function mapOf(value: unknown): unknown {
  if (value === null) return null;
  const entries = value as readonly { readonly key: unknown; readonly value: unknown }[];
  return Object.fromEntries(entries.map(entry => [String(plain(entry.key)), plain(entry.value)]));
}
