import { defineConfig } from 'vitest/config';

/** Only for a process in namespaces of its own, see `../agent-process.test.ts`. */
export default defineConfig({
  root: new URL('../../..', import.meta.url).pathname,
  test: {
    include: ['test/agent-process/inside/*.case.ts'],
    globalSetup: ['test/agent-process/inside/loopback.setup.ts'],
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
