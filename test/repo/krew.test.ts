import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { krewManifest } from '../../scripts/krew-manifest.ts';
import { ROOT } from './imports.ts';

const draft = readFileSync(join(ROOT, 'deploy/krew/eastwall.yaml'), 'utf8');
const bytes = Buffer.from('an archive');

it('has the address and the checksum of the archive that is released, and is the draft else', () => {
  const manifest = krewManifest(draft, '1.2.3', { path: '/tmp/eastwall-1.2.3.tgz', bytes });
  const expected = parse(draft);
  expected.spec.version = 'v1.2.3';
  expected.spec.platforms[0].uri =
    'https://github.com/eastwall/eastwall/releases/download/v1.2.3/eastwall-1.2.3.tgz';
  expected.spec.platforms[0].sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(parse(manifest)).toEqual(expected);
  expect(manifest).not.toContain('draft');
});

it('is of no other archive than that of its version', () => {
  expect(() => krewManifest(draft, '1.2.3', { path: 'eastwall-1.2.4.tgz', bytes })).toThrow(
    'eastwall-1.2.3.tgz',
  );
});
