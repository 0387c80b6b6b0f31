import type { Interfaces } from './interfaces.ts';
import type { FamilyWish } from './wish.ts';

export interface Ipv6Facts {
  /** Port of the listener on `::1`; null where there is none, and `unable.redirect` says why unless the machine has no IPv6. */
  readonly port: number | null;
  /** What has failed here before, and is not tried again. */
  readonly unable: { readonly redirect: string | null; readonly reject: string | null };
  readonly interfaces: Interfaces;
}

/**
 * What the IPv6 side of a namespace should have. Redirected connections arrive at `::1`, so without that address
 * they are refused; an IPv6 connection that slips past the agent would be a hole. The refusal travels over `lo` too:
 * where that has no IPv6 at all, it is lost and the caller waits for its own timeout.
 */
export function ipv6Wish({ port, unable, interfaces }: Ipv6Facts): {
  readonly wish: FamilyWish;
  readonly problem: string | null;
} {
  const { loopbackUp, loopbackHas6, has6 } = interfaces;
  const unreachable = has6 && loopbackUp && !loopbackHas6;
  if (port !== null && unable.redirect === null && !unreachable) {
    return { wish: { mode: 'redirect', port }, problem: null };
  }
  // A machine without IPv6: there is nothing to intercept.
  if (port === null && unable.redirect === null) return { wish: { mode: 'none' }, problem: null };
  const why = unreachable ? 'its loopback interface has no IPv6' : unable.redirect;
  if (unable.reject === null) {
    // Refused ahead of the first address, which would open a hole; reported once there is something to refuse.
    const problem = has6 ? `IPv6 connections are blocked: ${why}` : null;
    return { wish: { mode: 'reject' }, problem };
  }
  const problem = has6 ? `IPv6 connections are not intercepted: ${why}; ${unable.reject}` : null;
  return { wish: { mode: 'none' }, problem };
}
