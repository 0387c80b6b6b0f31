import type { CallerSelector } from '../model/policy.ts';
import type { Workload } from '../model/workload.ts';

/** As `namespace` of a selector: a caller of any namespace. */
export const ANY_NAMESPACE = '*';

/**
 * Whether every given field of the selector holds for the caller.
 *
 * A selector speaks of callers in the policy's own namespace unless it names another one, by `namespace` or by a
 * service account written `namespace/name`. So a pod elsewhere can't walk in by taking a name or a label that the
 * author had in mind for their own pods.
 */
export function matchesCaller(selector: CallerSelector, home: string, caller: Workload): boolean {
  const { serviceAccount, workload, labels } = selector;
  const namespace = namespaceOf(selector, home);
  if (namespace !== ANY_NAMESPACE && namespace !== caller.namespace) return false;
  if (serviceAccount !== undefined && nameOf(serviceAccount) !== caller.serviceAccount) return false;
  if (workload !== undefined) {
    if (workload.name !== caller.name) return false;
    if (workload.kind !== undefined && workload.kind !== caller.kind) return false;
  }
  return labels === undefined || hasLabels(caller, labels);
}

/** The namespace that a selector speaks of, or `*`. */
export function namespaceOf(selector: CallerSelector, home: string): string {
  if (selector.namespace !== undefined) return selector.namespace;
  const slash = selector.serviceAccount?.indexOf('/') ?? -1;
  return slash < 0 ? home : (selector.serviceAccount ?? '').slice(0, slash);
}

/** The name in `name` or `namespace/name`. */
export function nameOf(serviceAccount: string): string {
  return serviceAccount.slice(serviceAccount.indexOf('/') + 1);
}

function hasLabels(caller: Workload, labels: Readonly<Record<string, string>>): boolean {
  for (const key of Object.keys(labels)) {
    if (!Object.hasOwn(caller.labels, key) || caller.labels[key] !== labels[key]) return false;
  }
  return true;
}
