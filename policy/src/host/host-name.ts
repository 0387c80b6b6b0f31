/**
 * The host in what a caller wrote as Host, `:authority` or server name: lower-case, without port and without the dot of
 * the root. Null when it is no name that a policy could mean: nothing, an IP address, characters that no name has.
 */
export function hostName(authority: string): string | null {
  const colon = authority.indexOf(':');
  const name = (colon < 0 ? authority : authority.slice(0, colon)).toLowerCase();
  const host = name.endsWith('.') ? name.slice(0, -1) : name;
  if (colon >= 0 && !PORT.test(authority.slice(colon))) return null;
  return host.length <= MAX_HOST_LENGTH && HOST.test(host) && !ADDRESS.test(host) ? host : null;
}

/** RFC 1035 §2.3.4, as text without the dot of the root. */
export const MAX_HOST_LENGTH = 253;

/** Digits may be missing (RFC 3986 §3.2.3). */
const PORT = /^:[0-9]{0,5}$/;

/** Wider than the names of RFC 1123: `_` is in use, and no stricter reading must hide a name from a Deny rule. */
const HOST = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** Text whose last label is a number is an IPv4 address in one of its many spellings (https://url.spec.whatwg.org, §3.5). */
const ADDRESS = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;

/** Whether `host` is the name of an IP address in what should be the name of a host. */
export function isAddress(host: string): boolean {
  return host.includes(':') || ADDRESS.test(host);
}
