import ipaddr from 'ipaddr.js';

/** What `value` fails of an OpenAPI `format`; formats that the API server doesn't know say nothing. */
export function formatProblem(format: string, value: string): string | undefined {
  const fits = FORMATS.get(format);
  return fits === undefined || fits(value)
    ? undefined
    : `must be of type ${format}: ${JSON.stringify(value)}`;
}

const FORMATS: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ['date-time', isDateTime],
  ['date', (value: string) => /^\d{4}-\d{2}-\d{2}$/.test(value)],
  ['byte', (value: string) => /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0],
  ['ipv4', (value: string) => ipaddr.IPv4.isValidFourPartDecimal(value)],
  ['ipv6', (value: string) => ipaddr.IPv6.isValid(value)],
  ['cidr', (value: string) => ipaddr.isValidCIDR(value)],
  ['uuid', (value: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value)],
  ['uri', (value: string) => URL.canParse(value)],
  ['hostname', (value: string) => /^(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$/.test(value)],
]);

/** RFC 3339; `Date.parse` alone would let `2026` pass. */
function isDateTime(value: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}
