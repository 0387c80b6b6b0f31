import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['policy/src/**/*.test.ts', 'agent/src/**/*.test.ts', 'test/repo/**/*.test.ts'],
  },
});
