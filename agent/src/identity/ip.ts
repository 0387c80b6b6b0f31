import ipaddr from 'ipaddr.js';

const IPV4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/**
 * One text per address, so that text can be a map key: RFC 5952 for IPv6 (zone dropped), dotted decimal for
 * IPv4, and an IPv4-mapped IPv6 address is the IPv4 address that it dials. Null when it is no IP address.
 */
export function canonicalIp(text: string): string | null {
  if (!text.includes(':')) return canonicalIpv4(text);
  if (!ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text);
  if (address.isIPv4MappedAddress()) return address.toIPv4Address().toString();
  delete address.zoneId;
  return address.toString();
}

/** Four or sixteen bytes of an address in its canonical text. */
export const ipBytes = (canonical: string): Uint8Array =>
  Uint8Array.from(ipaddr.parse(canonical).toByteArray());

/**
 * Leading zeros are read as decimal, as kube-proxy reads the ones that old objects still carry;
 * `ipaddr.js` would read them as octal and so name another host.
 */
function canonicalIpv4(text: string): string | null {
  const decimal = text.replace(/(^|\.)0+(?=\d)/g, '$1');
  return IPV4.test(decimal) ? decimal : null;
}

/** The first two addresses of a network such as `10.244.1.0/24`; none of what is no network. */
export function firstAddresses(cidr: string): readonly string[] {
  const kind = cidr.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
  if (!kind.isValidCIDR(cidr)) return [];
  const bytes = kind.networkAddressFromCIDR(cidr).toByteArray();
  const next = bytes.with(-1, (bytes.at(-1) ?? 0) + 1);
  return next.includes(256) ? [] : [bytes, next].map((one) => ipaddr.fromByteArray(one).toString());
}
