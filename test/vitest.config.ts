import { defineConfig } from 'vitest/config';

/**
 * The whole-agent tests, run by `make test`: real processes in sandbox namespaces, so one file at a time, and
 * with patience: a deadline here only ends a hang, it never measures speed.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'test/repo/**'],
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
  },
});
