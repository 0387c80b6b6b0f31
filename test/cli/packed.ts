import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SCRIPT = new URL('../../scripts/package.ts', import.meta.url).pathname;

/** The npm package as it would be published, in a directory of its own. */
export interface Packed extends AsyncDisposable {
  readonly directory: string;
  /** Path of the command. */
  readonly eastwall: string;
  readonly plugin: string;
}

export async function packed(): Promise<Packed> {
  const directory = await mkdtemp(join(tmpdir(), 'ew-package-'));
  await run(process.execPath, [SCRIPT, join(directory, 'package')]);
  const bin = join(directory, 'package', 'bin');
  return {
    directory,
    eastwall: join(bin, 'eastwall.js'),
    plugin: join(bin, 'kubectl-eastwall.js'),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

export interface Installed {
  /** Where `npx` finds it. */
  readonly directory: string;
  /** In MiB, unpacked. */
  readonly tarball: string;
}

/** What `npm pack` makes of it, installed where there is nothing else: no registry, no scripts. */
export async function installed({ directory }: Packed): Promise<Installed> {
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', directory], {
    cwd: join(directory, 'package'),
  });
  const tarball = join(directory, stdout.trim());
  const home = await mkdtemp(join(directory, 'home-'));
  await writeFile(join(home, 'package.json'), '{"private": true}');
  const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...quiet, tarball], { cwd: home });
  return { directory: home, tarball };
}
