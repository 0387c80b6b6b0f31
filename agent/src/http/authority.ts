/** Authorities of HTTP URIs as text, `host[:port]` (RFC 9110 §4.2). Which characters they have was looked at before. */

const DEFAULT_PORTS: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['https', '443'],
]);
const END_WITH_PORT = /:([0-9]*)$/;

/** Nothing, or a port alone: a URI that has such an authority is invalid (RFC 9110 §4.2.1). */
export const hasNoHost = (authority: string): boolean => authority === '' || authority.startsWith(':');

/** What CONNECT may ask for (RFC 9110 §9.3.6). */
export const hasHostAndPort = (authority: string): boolean => /[^:]:[0-9]+$/.test(authority);

/** Whether both mean the same in URIs of that scheme: a port that is the usual one may be left out (RFC 3986 §6.2.3). */
export const isSameAuthority = (left: string, right: string, scheme: string): boolean =>
  left === right || normalized(left, scheme) === normalized(right, scheme);

function normalized(authority: string, scheme: string): string {
  const port = END_WITH_PORT.exec(authority);
  const implied = port !== null && (port[1] === '' || port[1] === DEFAULT_PORTS.get(scheme.toLowerCase()));
  return (implied ? authority.slice(0, port.index) : authority).toLowerCase();
}
