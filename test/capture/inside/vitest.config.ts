import { defineConfig } from 'vitest/config';

/** Only for a process in namespaces of its own, see `../capture.test.ts`. */
export default defineConfig({
  root: new URL('../../..', import.meta.url).pathname,
  test: {
    include: ['test/capture/inside/*.case.ts'],
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
