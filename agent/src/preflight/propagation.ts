/** How mounts that are made elsewhere later come to the place where `path` is. */
export interface Propagation {
  /** Where what holds `path` is mounted. */
  readonly mount: string;
  /** `master:` or `shared:` of mountinfo(5): mounts of a peer group appear here, too. */
  readonly receives: boolean;
}

/** By the text of `/proc/self/mountinfo`; null when nothing holds the path. */
export function propagationOf(mountinfo: string, path: string): Propagation | null {
  let found: Propagation | null = null;
  for (const line of mountinfo.split('\n')) {
    const [, , , , escaped, , ...rest] = line.split(' ');
    if (escaped === undefined) continue;
    const mount = unescapeOctal(escaped);
    const holds = mount === '/' || path === mount || path.startsWith(`${mount}/`);
    // Later lines lie on top of earlier ones.
    if (!holds || (found !== null && mount.length < found.mount.length)) continue;
    const tags = rest.slice(0, rest.indexOf('-'));
    found = { mount, receives: tags.some((tag) => /^(shared|master):/.test(tag)) };
  }
  return found;
}

/** Spaces and the like are written as `\040`. */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
