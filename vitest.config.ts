import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Programs that must not compile are compiled one by one, by test/types/bad.test.ts.
    exclude: ['**/node_modules/**', 'test/types/bad/**'],
    // A process per file: RocksDB's and DuckDB's native handles do not outlive the file that opened them.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    typecheck: { include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json' },
  },
});
