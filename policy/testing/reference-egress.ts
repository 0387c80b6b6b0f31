import { BlockList, isIPv6 } from 'node:net';
import type { Decision, EgressFacts, EgressPolicy, EgressRule, EgressSelector } from '../src/index.ts';
import { firstRule, idOf, isCaller, isOperation, weigh } from './reference-evaluate.ts';
import { referenceCanonicalPath } from './reference-path.ts';

/** `referenceEvaluate` for EgressPolicies: every policy, every rule, in the plainest words. */
export function referenceEvaluateEgress(policies: readonly EgressPolicy[], facts: EgressFacts): Decision {
  if (facts.destination.services.length > 0) return weigh([], (none) => judge(none, facts));
  return weigh(
    policies.filter((policy) => selects(policy, facts)),
    (enforced) => judge(enforced, facts),
  );
}

function selects({ namespace, from }: EgressPolicy, { caller }: EgressFacts): boolean {
  if (caller.namespace !== namespace) return false;
  return from === undefined || from.some((selector) => isCaller(selector, namespace, caller));
}

function judge(policies: readonly EgressPolicy[], facts: EgressFacts): Decision {
  const path = pathOf(facts);
  const [first] = policies;
  if (path === null && first !== undefined)
    return { verdict: 'deny', reason: 'ambiguous_path', policy: idOf(first), rule: null };
  return firstRule(policies, (rule) => applies(rule, facts, path ?? ''));
}

/** Null when it is ambiguous, `*` when there is none. */
function pathOf({ operation }: EgressFacts): string | null {
  if (operation === null || (operation.method === 'CONNECT' && operation.path === '')) return '*';
  return referenceCanonicalPath(operation.path);
}

function applies({ action, to }: EgressRule, facts: EgressFacts, path: string): boolean {
  const { operation } = facts;
  if (to === undefined) return true;
  return to.some((selector) => {
    if (!isPlace(selector, facts)) return false;
    if (operation === null) return selector.methods === undefined && selector.path === undefined;
    const { methods, path: template } = selector;
    const asked = { ...(methods && { methods }), ...(template !== undefined && { path: template }) };
    return isOperation(asked, { method: operation.method, path, action });
  });
}

function isPlace({ hosts, cidrs, ports }: EgressSelector, { destination, host }: EgressFacts): boolean {
  const name = referenceHost(host);
  return (
    (ports === undefined || ports.includes(destination.port)) &&
    (cidrs === undefined || cidrs.some((cidr) => contains(cidr, destination.ip))) &&
    (hosts === undefined || (name !== null && hosts.some((pattern) => isHost(pattern, name))))
  );
}

function contains(cidr: string, ip: string): boolean {
  const [network = '', prefix] = cidr.split('/');
  // An IPv4 address would match networks of IPv6 that hold its mapped form.
  if (isIPv6(network) !== isIPv6(ip)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4');
  return list.check(ip, isIPv6(ip) ? 'ipv6' : 'ipv4');
}

/** Null for what is no name of a host. */
export function referenceHost(written: string): string | null {
  const [, name = ''] = /^(.*?)\.?(:[0-9]{0,5})?$/.exec(written.toLowerCase()) ?? [];
  const labels = name.split('.');
  if (name.length > 253 || !labels.every((label) => /^[-_a-z0-9]+$/.test(label))) return null;
  return /^([0-9]+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '') ? null : name;
}

function isHost(pattern: string, name: string): boolean {
  if (!pattern.startsWith('*.')) return name === pattern;
  return name.endsWith(pattern.slice(1)) && name !== pattern.slice(1);
}
