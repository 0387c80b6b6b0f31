import type { NamespaceEntry, PodInfo } from '../identity/cluster-objects.ts';

/**
 * Which pod owns which network namespace. A pairing needs all of: one of the pod's `status.podIPs` on an interface
 * of the namespace, no second pod and no second namespace with the same claim, and a pod with a network of its own.
 * Wrong pairing means wrong identity, so every doubt refuses, and says why.
 */

/** Identifies a namespace for as long as its descriptor is open. */
export type Inode = number;

export interface SeenNetns {
  readonly inode: Inode;
  /** Canonical text, loopback left out. */
  readonly addresses: readonly string[];
}

export interface PairingInput {
  readonly namespaces: readonly SeenNetns[];
  readonly pods: readonly PodInfo[];
  readonly optOut: OptOut;
  /** What was paired so far: a pod that is being deleted keeps what it had, and claims nothing new. */
  readonly paired: ReadonlyMap<Inode, string>;
  /**
   * Pods whose namespace went away a moment ago. Their addresses may already belong to another pod that the kube API
   * has not told us about.
   */
  readonly widowed: ReadonlySet<string>;
}

/** Why a pod is not judged, or not wholly, in a word; the reason beside it is for people. */
export const CAUSES = [
  'excluded',
  'opted_out',
  'host_network',
  'no_address',
  'no_namespace',
  'ambiguous_address',
  'enrolling',
  'rules_failed',
  'partial',
  'privileged',
] as const;
export type Cause = (typeof CAUSES)[number];

export interface OptOut {
  readonly namespaces: ReadonlyMap<string, NamespaceEntry>;
  readonly excluded: ReadonlySet<string>;
}

export type NetnsOwner =
  | { readonly state: 'paired'; readonly uid: string }
  /** The pod is known and must not be intercepted. */
  | { readonly state: 'opted-out'; readonly uid: string; readonly reason: string }
  | { readonly state: 'refused'; readonly problem: string }
  /** No pod of this node claims it yet. */
  | { readonly state: 'unclaimed' };

export type PodCapture =
  | { readonly state: 'paired'; readonly inode: Inode }
  | { readonly state: 'opted-out'; readonly cause: Cause; readonly reason: string }
  | { readonly state: 'refused'; readonly cause: Cause; readonly problem: string }
  /** It may still come: no address yet, or no namespace with it. */
  | { readonly state: 'waiting'; readonly cause: Cause; readonly reason: string };

export interface Pairings {
  readonly namespaces: ReadonlyMap<Inode, NetnsOwner>;
  readonly pods: ReadonlyMap<string, PodCapture>;
}

export const CAPTURE_ANNOTATION = 'eastwall.dev/capture';
const TERMINAL = new Set(['Succeeded', 'Failed']);

export function pair(input: PairingInput): Pairings {
  const claims = claimsOf(input);
  const pods = new Map<string, PodCapture>();
  for (const pod of input.pods) {
    if (!TERMINAL.has(pod.phase)) pods.set(pod.uid, captureOf(pod, claims, input.optOut));
  }
  const namespaces = new Map<Inode, NetnsOwner>();
  for (const { inode } of input.namespaces) namespaces.set(inode, ownerOf(inode, claims, pods));
  return { namespaces, pods };
}

/** Why a pod is not intercepted, where the agent's settings, or the pod or its namespace say so. */
function optOutOf(pod: PodInfo, optOut: OptOut): PodCapture | null {
  if (optOut.excluded.has(pod.namespace)) {
    const reason = `namespace \`${pod.namespace}\` is excluded by the agent's settings`;
    return { state: 'opted-out', cause: 'excluded', reason };
  }
  const reason = ownWish(pod, optOut);
  return reason === null ? null : { state: 'opted-out', cause: 'opted_out', reason };
}

function ownWish(pod: PodInfo, { namespaces }: OptOut): string | null {
  if (pod.annotations[CAPTURE_ANNOTATION] === 'disabled') return 'the pod opts out by annotation';
  const namespace = namespaces.get(pod.namespace);
  if (namespace?.annotations[CAPTURE_ANNOTATION] === 'disabled') {
    return `namespace \`${pod.namespace}\` opts out by annotation`;
  }
  if (namespace?.labels[CAPTURE_ANNOTATION] === 'disabled') {
    return `namespace \`${pod.namespace}\` opts out by label`;
  }
  return null;
}

interface Claims {
  readonly podsOf: ReadonlyMap<Inode, readonly PodInfo[]>;
  readonly inodesOf: ReadonlyMap<string, readonly Inode[]>;
}

function claimsOf({ namespaces, pods, paired, widowed }: PairingInput): Claims {
  const podsOf = new Map<Inode, PodInfo[]>();
  const inodesOf = new Map<string, Inode[]>();
  for (const { inode, addresses } of namespaces) {
    const present = new Set(addresses);
    for (const pod of pods) {
      if (!mayClaim(pod, paired.get(inode) === pod.uid, widowed.has(pod.uid))) continue;
      if (!pod.podIPs.some((ip) => present.has(ip))) continue;
      podsOf.set(inode, [...(podsOf.get(inode) ?? []), pod]);
      inodesOf.set(pod.uid, [...(inodesOf.get(pod.uid) ?? []), inode]);
    }
  }
  return { podsOf, inodesOf };
}

/** A pod on its way out, or whose namespace has just gone, may be listed with an address that it no longer has. */
function mayClaim(pod: PodInfo, alreadyPaired: boolean, widowed: boolean): boolean {
  if (pod.hostNetwork || TERMINAL.has(pod.phase)) return false;
  return alreadyPaired || (pod.deletionTimestamp === null && !widowed);
}

function captureOf(pod: PodInfo, claims: Claims, optOut: OptOut): PodCapture {
  if (pod.hostNetwork)
    return { state: 'refused', cause: 'host_network', problem: "it shares the node's network" };
  const optedOut = optOutOf(pod, optOut);
  if (optedOut !== null) return optedOut;
  if (pod.podIPs.length === 0)
    return { state: 'waiting', cause: 'no_address', reason: 'it has no address yet' };
  const [inode, second] = claims.inodesOf.get(pod.uid) ?? [];
  if (inode === undefined)
    return { state: 'waiting', cause: 'no_namespace', reason: 'no network namespace has its address' };
  const cause = 'ambiguous_address';
  if (second !== undefined)
    return { state: 'refused', cause, problem: 'two network namespaces have its address' };
  const rival = claims.podsOf.get(inode)?.find(({ uid }) => uid !== pod.uid);
  return rival === undefined
    ? { state: 'paired', inode }
    : {
        state: 'refused',
        cause,
        problem: `pod \`${rival.namespace}/${rival.name}\` claims the same network namespace`,
      };
}

function ownerOf(inode: Inode, { podsOf, inodesOf }: Claims, pods: Pairings['pods']): NetnsOwner {
  const [pod, second] = podsOf.get(inode) ?? [];
  if (pod === undefined) return { state: 'unclaimed' };
  if (second !== undefined) {
    const names = (podsOf.get(inode) ?? []).map(({ namespace, name }) => `\`${namespace}/${name}\``);
    return { state: 'refused', problem: `pods ${names.join(' and ')} claim it` };
  }
  if ((inodesOf.get(pod.uid)?.length ?? 0) > 1) {
    return {
      state: 'refused',
      problem: `pod \`${pod.namespace}/${pod.name}\` has its address in two network namespaces`,
    };
  }
  const capture = pods.get(pod.uid);
  return capture?.state === 'opted-out'
    ? { state: 'opted-out', uid: pod.uid, reason: capture.reason }
    : { state: 'paired', uid: pod.uid };
}
