import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../src/kernel/clock.ts';
import { connectKube } from '../src/kube/client.ts';
import { WATCH_DEFAULTS, type WatchContext } from '../src/kube/watch.ts';
import { serve } from '../src/sandbox/kube-api/testing/serve.ts';

/** A kube API on loopback, what an agent asks it with, and what that has logged; until the end of the scope. */
export async function liveKube() {
  const served = await serve();
  const folder = mkdtempSync(join(tmpdir(), 'eastwall-live-'));
  writeFileSync(join(folder, 'kubeconfig'), served.api.kubeconfig());
  const lines: string[] = [];
  const write = (_: object, message: string) => void lines.push(message);
  const context: WatchContext = {
    client: connectKube({ kubeconfig: join(folder, 'kubeconfig'), clock: systemClock }),
    clock: systemClock,
    log: { info: write, warn: write, error: write },
    random: () => 0,
    settings: { ...WATCH_DEFAULTS, retryFirstMs: 5, retryMaxMs: 20 },
  };
  return {
    store: served.store,
    context,
    lines,
    [Symbol.asyncDispose]: async () => {
      await served[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
