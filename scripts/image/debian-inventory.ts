import type { Component, Inventory } from './component.ts';

export interface Release {
  /** `debian` */
  readonly id: string;
  /** `12` */
  readonly version: string;
}

/** `ID` and `VERSION_ID` of an `os-release` file. */
export function readRelease(text: string): Release {
  const field = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { id: field('ID'), version: field('VERSION_ID') };
}

/** Packages by their stanzas of dpkg's status, with the ones among them that they depend on. */
export function debianInventory(stanzas: readonly string[], release: Release): Inventory {
  const packages = stanzas.map(readStanza);
  const refs = new Map(packages.map((fields) => [fields.package, purlOf(fields, release)]));
  return {
    components: packages.map((fields) => component(fields, release)),
    dependencies: packages.map((fields) => ({
      ref: purlOf(fields, release),
      dependsOn: [...new Set(fields.depends.flatMap((name) => refs.get(name) ?? []))].sort(),
    })),
  };
}

interface Fields {
  readonly package: string;
  readonly version: string;
  readonly architecture: string;
  /** The source package, by which advisories name what they are about. */
  readonly source: string;
  readonly depends: readonly string[];
}

function readStanza(stanza: string): Fields {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(stanza)?.[1] ?? '';
  const name = field('Package');
  // `libc6 (>= 2.36), debconf | debconf-2.0`; alternatives count alike.
  const depends = `${field('Pre-Depends')},${field('Depends')}`
    .split(/[,|]/)
    .map((wish) => wish.trim().replace(/[ :(].*$/, ''));
  return {
    package: name,
    version: field('Version'),
    architecture: field('Architecture'),
    source: field('Source').replace(/ .*$/, '') || name,
    depends,
  };
}

function purlOf({ package: name, version, architecture, source }: Fields, { id, version: number }: Release) {
  const upstream = source === name ? '' : `&upstream=${encodeURIComponent(source)}`;
  return `pkg:deb/${id}/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=${id}-${number}${upstream}`;
}

function component(fields: Fields, release: Release): Component {
  const purl = purlOf(fields, release);
  return { 'bom-ref': purl, type: 'library', name: fields.package, version: fields.version, purl };
}
