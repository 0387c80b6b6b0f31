import { defineConfig } from 'vitest/config';

/** The unit tests: fast, in process, run by `make check`. The slow ones have their own config in `test/`. */
export default defineConfig({
  test: {
    include: ['{policy,agent}/src/**/*.test.ts', 'bench/**/*.test.ts', 'test/repo/**/*.test.ts'],
    // A deadline only ends a hang; it never measures speed.
    testTimeout: 60_000,
    ...(process.env['FUZZ_SECONDS']
      ? { setupFiles: ['test/repo/fuzz.setup.ts'], testTimeout: 3_600_000 }
      : {}),
  },
});
