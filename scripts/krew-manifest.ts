import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { parseDocument } from 'yaml';

export interface Archive {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** krew's manifest of a version: the draft with its version, where its archive will be, and the archive's checksum. */
export function krewManifest(draft: string, version: string, { path, bytes }: Archive): string {
  const name = `eastwall-${version}.tgz`;
  if (basename(path) !== name) throw new Error(`\`${path}\` is not the archive of ${version}: \`${name}\``);
  const manifest = parseDocument(draft);
  const platform = ['spec', 'platforms', 0];
  manifest.commentBefore = null;
  manifest.setIn(['spec', 'version'], `v${version}`);
  manifest.setIn(
    [...platform, 'uri'],
    `https://github.com/eastwall/eastwall/releases/download/v${version}/${name}`,
  );
  manifest.setIn([...platform, 'sha256'], createHash('sha256').update(bytes).digest('hex'));
  return manifest.toString({ lineWidth: 0 });
}
