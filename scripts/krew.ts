import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { krewManifest } from './krew-manifest.ts';

// `node scripts/krew.ts ARCHIVE`: prints krew's manifest for what `npm pack` has made of the command line's package.

const ROOT = join(import.meta.dirname, '..');
const [, , path] = process.argv;
if (path === undefined) throw new Error('usage: node scripts/krew.ts ARCHIVE');

const { version } = JSON.parse(readFileSync(join(ROOT, 'agent/package.json'), 'utf8')) as { version: string };
const draft = readFileSync(join(ROOT, 'deploy/krew/eastwall.yaml'), 'utf8');
process.stdout.write(krewManifest(draft, version, { path, bytes: readFileSync(path) }));
