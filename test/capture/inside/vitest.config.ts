import { defineConfig } from 'vitest/config';

/** Only for a process in namespaces of its own, see `../capture.test.ts`. */
export default defineConfig({
  root: new URL('../../..', import.meta.url).pathname,
  test: {
    include: ['test/capture/inside/*.case.ts'],
    fileParallelism: false,
    pool: 'forks',
    // Sources are stripped of their types by WebAssembly in each capture thread. Where such threads come and go, V8 (of Node
    // 24.21) now and then ends the process when it compiles a wrapper for what WebAssembly calls (`Check failed:
    // jit_page.has_value()`, SIGTRAP; much like nodejs/node#64500). An agent on a node has one such thread, and is bundled.
    execArgv: ['--wasm-wrapper-tiering-budget=2147483647'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
