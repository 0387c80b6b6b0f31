import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const LICENCE = /^(licen[cs]e|notice|copying)/i;

/** The licence texts of packages, which most licences want to go with what is bundled of them. */
export function notices(root: string, folders: Iterable<string>): string {
  return [...folders]
    .filter((folder) => folder.includes('node_modules/'))
    .sort()
    .flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => LICENCE.test(name))
        .map((name) => `${folder}/${name}\n\n${readFileSync(join(root, folder, name), 'utf8').trim()}\n`),
    )
    .join(`\n${'-'.repeat(80)}\n`);
}
