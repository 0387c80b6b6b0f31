import { z } from 'zod';
import { type CidrProblem, parseCidr } from '../address/cidr.ts';
import { isAddress, MAX_HOST_LENGTH } from '../host/host-name.ts';
import { type Context, complain } from './checks.ts';
import { POLICY_LIMITS as LIMITS } from './limits.ts';
import { quote } from './quote.ts';

// The API server compiles these patterns with Go's regexp. Where they are wider than the checks, the agent refuses.
const LABEL = '[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?';
const HOST = `^(\\*\\.)?(${LABEL}\\.){0,${LIMITS.hostLabels - 1}}${LABEL}$`;
const CIDR = '^([0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{1,38})/[0-9]{1,3}$';

/** Characters: `*.` before the longest name; eight groups and a prefix length. */
const LONGEST_HOST = MAX_HOST_LENGTH + 2;
const LONGEST_CIDR = 43;

/** `api.example.com`, or `*.example.com` for all names below it. */
export const hostPattern = () => z.string().max(LONGEST_HOST).superRefine(checkHost).meta({ pattern: HOST });

/** `203.0.113.0/24`, `2001:db8::/32`. */
export const cidr = () => z.string().max(LONGEST_CIDR).superRefine(checkCidr).meta({ pattern: CIDR });

function checkHost(host: string, context: Context): void {
  if (isAddress(host)) {
    complain(context, `${quote(host)} is an address`, [], 'name it in `cidrs`');
    return;
  }
  if (new RegExp(HOST).test(host)) return;
  complain(
    context,
    `${quote(host)} is not a host: \`api.example.com\` or \`*.example.com\``,
    [],
    hostHint(host),
  );
}

function hostHint(host: string): string | undefined {
  if (host === '*') return 'leave out `hosts` to select every host';
  if (host !== host.toLowerCase()) return 'write it in lower case';
  if (host.endsWith('.')) return 'leave out the dot at the end';
  if (/[^\x21-\x7e]/.test(host)) return 'write names in other scripts as `xn--…`';
  return undefined;
}

const HINTS: Readonly<Record<CidrProblem, string>> = {
  syntax: 'write `203.0.113.0/24` or `2001:db8::/32`',
  single: 'add `/32` for one IPv4 address, `/128` for one IPv6 address',
  'host-bits': 'clear the bits beyond the prefix length',
  mapped: 'write it as IPv4, as which it is dialled',
};

function checkCidr(text: string, context: Context): void {
  const cidr = text.length > LONGEST_CIDR ? null : parseCidr(text);
  if (typeof cidr === 'string') complain(context, `${quote(text)} is not a network`, [], HINTS[cidr]);
}
