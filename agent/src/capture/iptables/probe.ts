import type { Exemption } from '../wish.ts';
import { ZONE } from '../zone.ts';
import { CHAIN, exemptMatch } from './rules.ts';
import { lineOf } from './save-text.ts';

/** One redirect over loopback, to one port, with an exemption before it: for trying the exemption out. */
export function probeText(
  exemption: Exemption,
  { target, listener }: { readonly target: number; readonly listener: number },
): string {
  const syn = ['-p', 'tcp', '--syn', '-m', 'comment', '--comment', 'eastwall: probe'];
  return [
    '*nat',
    `:${CHAIN} - [0:0]`,
    `-A ${CHAIN} ${lineOf([...syn, ...exemptMatch(exemption), '-j', 'RETURN'])}`,
    `-A ${CHAIN} ${lineOf([...syn, '--dport', String(target), '-j', 'REDIRECT', '--to-ports', String(listener)])}`,
    `-A OUTPUT -j ${CHAIN}`,
    'COMMIT',
    '',
  ].join('\n');
}

/** Tracks connections of sockets with `mark` apart. */
export const zoneProbeText = (mark: number): string =>
  [
    '*raw',
    `-A OUTPUT ${lineOf([...exemptMatch({ kind: 'mark', mark }), '-j', 'CT', '--zone-orig', String(ZONE)])}`,
    'COMMIT',
    '',
  ].join('\n');
