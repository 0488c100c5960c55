import type { Database } from './database.ts';

/** What all adapters of a kind over one open database must share, so that two of them cannot contradict each other. */
export function perDatabase<T>(make: (database: Database) => T): (database: Database) => T {
  const made = new WeakMap<Database, T>();
  return database => {
    let value = made.get(database);
    if (value === undefined) {
      value = make(database);
      made.set(database, value);
    }
    return value;
  };
}
