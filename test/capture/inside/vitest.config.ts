import { defineConfig } from 'vitest/config';

/** Only for a process in namespaces of its own, see `../capture.test.ts`. */
export default defineConfig({
  root: new URL('../../..', import.meta.url).pathname,
  test: {
    include: ['test/capture/inside/*.case.ts'],
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
