import type { Component, Inventory } from './component.ts';

/** What we read of a `package-lock.json` of version 3. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

export interface LockedPackage {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Platform {
  readonly os: string;
  readonly cpu: string;
}

/** The folders of a workspace and of all that it needs to run on a platform, each with those that it needs itself. */
export function neededFolders(
  lock: Lockfile,
  workspace: string,
  platform: Platform,
): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const todo = [workspace];
  for (let folder = todo.pop(); folder !== undefined; folder = todo.pop()) {
    if (found.has(folder)) continue;
    const needed = neededBy(lock, folder, platform);
    found.set(folder, needed);
    todo.push(...needed);
  }
  return found;
}

/** The same as components. Of what only development needs there is nothing. */
export function npmInventory(lock: Lockfile, workspace: string, platform: Platform): Inventory {
  const folders = neededFolders(lock, workspace, platform);
  const made = new Map([...folders.keys()].map((folder) => [folder, component(lock, folder)]));
  const refOf = (folder: string) => made.get(folder)?.['bom-ref'] ?? folder;
  return {
    components: [...made.values()].sort((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
    dependencies: [...folders].map(([folder, needed]) => ({
      ref: refOf(folder),
      dependsOn: [...new Set(needed.map(refOf))].sort(),
    })),
  };
}

function neededBy(lock: Lockfile, folder: string, platform: Platform): string[] {
  const { dependencies = {}, optionalDependencies = {} } = lock.packages[folder] ?? {};
  return Object.keys({ ...dependencies, ...optionalDependencies }).flatMap((name) => {
    const at = resolve(lock, folder, name);
    return at !== undefined && runsOn(lock.packages[at], platform) ? [at] : [];
  });
}

/** As Node does: in the package's own folder, then in those above it. */
function resolve(lock: Lockfile, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/')))) {
    const at = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    const locked = lock.packages[at];
    if (locked !== undefined) return locked.link === true ? locked.resolved : at;
    if (folder === '') return undefined;
  }
}

const runsOn = (locked: LockedPackage | undefined, { os, cpu }: Platform): boolean =>
  (locked?.os?.includes(os) ?? true) && (locked?.cpu?.includes(cpu) ?? true);

function component(lock: Lockfile, folder: string): Component {
  const { name = nameOf(folder), version = '0.0.0', license, integrity } = lock.packages[folder] ?? {};
  // The `@` of a scope is the only character of a package's name that a package URL encodes.
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    'bom-ref': purl,
    type: 'library',
    name,
    version,
    purl,
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
    ...(integrity?.startsWith('sha512-') ? { hashes: [sha512(integrity)] } : {}),
  };
}

const nameOf = (folder: string) => folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** Of the package as the registry serves it. */
const sha512 = (integrity: string) =>
  ({
    alg: 'SHA-512',
    content: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex'),
  }) as const;
