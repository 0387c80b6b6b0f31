import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { connectKube } from '../kube/client.ts';
import { startKubeApi } from '../sandbox/kube-api/start-kube-api.ts';
import { ObjectStore } from '../sandbox/kube-api/store.ts';
import { checkKubeApi } from './kube-api.ts';

it('lists and watches at a kube API, for a moment', async () => {
  const tokens = [{ token: 'secret', name: 'agent', groups: [] }] as const;
  await using api = await startKubeApi({ store: new ObjectStore(), host: '127.0.0.1', port: 0, tokens });
  const home = mkdtempSync(join(tmpdir(), 'eastwall-preflight-'));
  const kubeconfig = join(home, 'config');
  const check = (text: string) => {
    writeFileSync(kubeconfig, text);
    const client = connectKube({ kubeconfig, clock: systemClock });
    return checkKubeApi(client, ['/api/v1/pods', '/api/v1/services']);
  };
  try {
    expect(await check(api.kubeconfig())).toEqual([
      { name: 'kube API', state: 'ok', found: 'lists and watches 2 kinds', todo: null },
    ]);
    expect(await check(api.kubeconfig().replace('secret', 'wrong'))).toMatchObject([{ state: 'fatal' }]);
  } finally {
    rmSync(home, { recursive: true });
  }
});
