/**
 * Names of keys: `millrace:row:{user_engagement@1:17850}`. What stands in braces is the hash tag: it alone decides the
 * slot in a cluster, so that a row and its cached copy lie on one node, whatever the prefix, and rows spread by key.
 */
export function redisKeys(prefix: string) {
  const tagged = (kind: string) => (table: string, key: string) =>
    `${prefix}${kind}:{${named(table)}:${key}}`;
  return {
    row: tagged('row'),
    run: tagged('run'),
    cached: tagged('cached'),
    progress: (incarnation: string) => `${prefix}progress:{${named(incarnation)}}`,
    notes: (incarnation: string) => `${prefix}notes:{${named(incarnation)}}`,
    /** All rows of a table: a pattern for SCAN, and how to tell a row's key from what it finds. */
    rowsOf(table: string) {
      const start = `${prefix}row:{${named(table)}:`;
      return {
        pattern: `${start.replace(/[*?[\]\\]/g, '\\$&')}*`,
        keyOf: (name: string): string => name.slice(start.length, -1),
      };
    },
  };
}

/** A name that ends where the separator stands: of the key, the last part, any text may follow. */
const named = (name: string): string => name.replace(/[%:{}]/g, encodeURIComponent);
