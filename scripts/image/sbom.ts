import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from './component.ts';
import { debianInventory, readRelease } from './debian-inventory.ts';
import { type Lockfile, npmInventory } from './npm-inventory.ts';

// `node sbom.ts <package-lock.json> <root>`: what the image at `root` is made of, as CycloneDX, into the image itself.
// Run by the Dockerfile with the image's own Node.

const SBOM = 'usr/share/sbom';

const [lockfile = '', root = ''] = process.argv.slice(2);
const at = (path: string) => join(root, path);

const lock = JSON.parse(readFileSync(lockfile, 'utf8')) as Lockfile;
const version = lock.packages['agent']?.version ?? '0.0.0';
const status = at('var/lib/dpkg/status.d');
const release = readRelease(readFileSync(at('usr/lib/os-release'), 'utf8'));

const npm = npmInventory(lock, 'agent', { os: process.platform, cpu: process.arch });
const debian = debianInventory(
  readdirSync(status)
    .sort()
    .map((name) => readFileSync(join(status, name), 'utf8')),
  release,
);
const node: Component = {
  'bom-ref': `pkg:generic/node@${process.versions.node}`,
  type: 'application',
  name: 'node',
  version: process.versions.node,
  purl: `pkg:generic/node@${process.versions.node}`,
  cpe: `cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:-:*:*:*`,
  licenses: [{ expression: 'MIT' }],
  hashes: [
    {
      alg: 'SHA-256',
      content: createHash('sha256')
        .update(readFileSync(at('usr/local/bin/node')))
        .digest('hex'),
    },
  ],
};
const system: Component = {
  'bom-ref': 'os',
  type: 'operating-system',
  name: release.id,
  version: release.version,
};
const image: Component = { 'bom-ref': 'image', type: 'container', name: 'eastwall', version };
const components = [system, node, ...debian.components, ...npm.components];

const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: {
    // The same image has the same list.
    timestamp: new Date(Number(process.env['SOURCE_DATE_EPOCH'] ?? 0) * 1000).toISOString(),
    component: image,
  },
  components,
  dependencies: [
    { ref: 'image', dependsOn: components.map((component) => component['bom-ref']) },
    ...npm.dependencies,
    ...debian.dependencies,
  ],
};

mkdirSync(at(SBOM), { recursive: true });
writeFileSync(at(`${SBOM}/eastwall.cdx.json`), `${JSON.stringify(bom, null, 2)}\n`);
