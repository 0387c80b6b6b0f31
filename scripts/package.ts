import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { AGENT, bundle } from './bundle.ts';
import { notices } from './image/notices.ts';
import { type Lockfile, neededFolders } from './image/npm-inventory.ts';

// `node scripts/package.ts [DIR]`: the npm package `eastwall` (default: .cache/npm), which is the command line alone. It
// depends on nothing: no native code, no script at install. Agents run from the image, and the sandbox from a checkout.

const ROOT = join(import.meta.dirname, '..');
// The bundler has a working directory of its own.
const out = resolve(process.argv[2] ?? join(ROOT, '.cache/npm'));

await bundle({
  out: join(out, 'dist'),
  programs: ['cli/main'],
  without: {
    sandbox: 'the sandbox needs a checkout of Eastwall',
    agent: 'agents run from the image, see docs/install.md',
    preflight: 'agents run from the image, which has `preflight` too: see docs/install.md',
  },
  small: true,
});

const own = JSON.parse(readFileSync(join(AGENT, 'package.json'), 'utf8'));
const { name, version, description, license, type, bin } = own;
const manifest = {
  name,
  version,
  description,
  license,
  type,
  keywords: ['kubernetes', 'security', 'api', 'kubectl-plugin', 'policy'],
  homepage: 'https://github.com/eastwall/eastwall',
  repository: { type: 'git', url: 'git+https://github.com/eastwall/eastwall.git', directory: 'agent' },
  bin,
  files: ['bin', 'dist'],
  engines: { node: '>=24' },
};
mkdirSync(join(out, 'bin'), { recursive: true });
cpSync(join(AGENT, 'bin'), join(out, 'bin'), { recursive: true });
writeFileSync(join(out, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
const needed = neededFolders(lock, 'agent', { os: process.platform, cpu: process.arch });
writeFileSync(join(out, 'dist/third-party-licenses.txt'), notices(ROOT, needed.keys()));
cpSync(join(ROOT, 'LICENSE'), join(out, 'LICENSE'));
cpSync(join(ROOT, 'docs/cli.md'), join(out, 'README.md'));
