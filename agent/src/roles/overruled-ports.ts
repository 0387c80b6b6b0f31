import type { ApiPolicy } from '@eastwall/policy';
import type { ServiceEntry } from '../identity/cluster-objects.ts';
import { serviceDeclares } from '../identity/opaque-ports.ts';
import { includesPort, type PortRanges } from '../kernel/port-ranges.ts';

/** Named in one note; a policy for a whole namespace may meet many. */
const MAX_NAMED = 3;

/**
 * What an enforced policy overrules: ports that are declared opaque and that it selects all the same. What speaks no
 * HTTP there is refused, which somebody who has declared them should hear of.
 */
export function overruledPorts(
  policy: ApiPolicy,
  /** Those of its namespace. */
  services: readonly ServiceEntry[],
  byDefault: PortRanges,
): string | null {
  if (policy.mode !== 'Enforce') return null;
  const { target } = policy;
  const named: string[] = [];
  for (const service of services) {
    if (target.services !== undefined && !target.services.includes(service.name)) continue;
    for (const { port } of service.ports) {
      if (target.ports !== undefined && !target.ports.includes(port)) continue;
      if (serviceDeclares(service, port) ?? includesPort(byDefault, port))
        named.push(`${service.name}:${port}`);
    }
  }
  if (named.length === 0) return null;
  const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : '';
  return `declared opaque, but enforced: ${named.slice(0, MAX_NAMED).join(', ')}${more}; what is not HTTP is refused there`;
}
