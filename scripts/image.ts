import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeBase, registryAnswers } from './image/base.ts';
import { findEngine } from './image/engine.ts';
import { notices } from './image/notices.ts';
import { type Lockfile, neededFolders } from './image/npm-inventory.ts';

// `node scripts/image.ts`: bundles the agent and builds its image, with docker or podman; the list of what it is made
// of (SBOM) is in the image, and comes to lie in `.cache/image` too. Without a registry the base comes from Debian.
// ENGINE, IMAGE and BASE_IMAGE in the environment say otherwise.

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, '.cache/image');
const list = join(OUT, 'eastwall.cdx.json');
const SBOM = '/usr/share/sbom/eastwall.cdx.json';

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
const version = lock.packages['agent']?.version ?? '0.0.0';
const name = process.env['IMAGE'] ?? `localhost/eastwall:${version}`;
const engine = findEngine(process.env['ENGINE']);
const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
// The same commit gives the same image, as far as Debian's packages are the same.
const time = process.env['SOURCE_DATE_EPOCH'] ?? git('log', '-1', '--format=%ct');

mkdirSync(OUT, { recursive: true });
await import('./build.ts');
const needed = neededFolders(lock, 'agent', { os: process.platform, cpu: process.arch });
writeFileSync(join(ROOT, 'agent/dist/third-party-licenses.txt'), notices(ROOT, needed.keys()));
const base = process.env['BASE_IMAGE'] ?? ((await registryAnswers()) ? undefined : makeBase(engine, OUT));
engine.run(
  'build',
  `--file=${join(ROOT, 'deploy/image/Dockerfile')}`,
  `--tag=${name}`,
  `--build-arg=SOURCE_DATE_EPOCH=${time}`,
  ...(base === undefined ? [] : [`--build-arg=BASE_IMAGE=${base}`]),
  ...(engine.kind === 'podman' ? [`--timestamp=${time}`] : []),
  `--label=org.opencontainers.image.version=${version}`,
  `--label=org.opencontainers.image.revision=${git('rev-parse', 'HEAD')}`,
  ROOT,
);
const container = engine.ask('create', name);
try {
  engine.ask('cp', `${container}:${SBOM}`, list);
} finally {
  engine.ask('rm', container);
}
const mebibytes = Number(engine.ask('image', 'inspect', '--format={{.Size}}', name)) / 2 ** 20;
process.stdout.write(`${name}: ${mebibytes.toFixed(0)} MiB, made of what ${list} says\n`);
