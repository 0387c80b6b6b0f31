import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { RedisProcess } from '../../agent/testing/redis.ts';
import { find, render } from './helm.ts';

it.each([false, true])('a real Redis takes the chart’s configuration (persistent: %s)', async (enabled) => {
  const secret = find(
    render({ redis: { embedded: { persistence: { enabled } } } }),
    'Secret',
    'eastwall-redis',
  );
  // What the chart renders is strings, by the schema that its objects are checked with.
  const { password = '', 'redis.conf': text = '' } = secret['stringData'] as Readonly<Record<string, string>>;
  const home = mkdtempSync(join(tmpdir(), 'eastwall-chart-'));
  const file = join(home, 'redis.conf');
  writeFileSync(file, text.replace('dir /data', `dir ${home}`));
  await using redis = await RedisProcess.start(file);
  const config = async (name: string) =>
    (await redis.cli('--no-auth-warning', '-a', password, 'config', 'get', name)).split('\n')[1];
  try {
    expect(await redis.cli('get', 'a')).toContain('NOAUTH');
    expect(await config('maxmemory')).toBe(String(192 * 1024 * 1024));
    expect(await config('maxmemory-policy')).toBe('allkeys-lru');
    expect(await config('appendonly')).toBe(enabled ? 'yes' : 'no');
  } finally {
    rmSync(home, { recursive: true });
  }
});
