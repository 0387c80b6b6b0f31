import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engine.ts';

const SUITE = 'bookworm';
const REGISTRY = 'https://registry-1.docker.io/v2/';
const ANSWER_TIMEOUT_MS = 5_000;

/** Any registry that wants to know who asks is one. */
export async function registryAnswers(): Promise<boolean> {
  try {
    const { status } = await fetch(REGISTRY, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return status === 200 || status === 401;
  } catch {
    return false;
  }
}

/**
 * Debian's smallest system from its packages alone, with security updates, as an image of the engine. By `mmdebstrap`,
 * which makes what `debootstrap` makes, in half the time.
 */
export function makeBase(engine: Engine, folder: string): string {
  const archive = join(folder, 'base.tar');
  const name = `localhost/eastwall-base:${SUITE}`;
  const args = ['--quiet', '--variant=minbase', '--include=iptables,libstdc++6', ...waysToDebian()];
  const { status } = spawnSync('mmdebstrap', [...args, SUITE, archive], { stdio: 'inherit' });
  if (status !== 0) throw new Error('`mmdebstrap` failed');
  engine.ask('import', archive, name);
  rmSync(archive);
  return name;
}

/** Proxies, and how old a mirror may be: what the machine's own apt is told, and mmdebstrap's would not be. */
function waysToDebian(): string[] {
  const { stdout } = spawnSync('apt-config', ['dump'], { encoding: 'utf8' });
  const own = stdout.split('\n').filter((line) => /^Acquire::(Check-|https?::)\S+ "[^"]+";$/.test(line));
  return ['Acquire::Retries "3";', ...own].map((line) => `--aptopt=${line}`);
}
