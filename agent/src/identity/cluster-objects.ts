import type { DeclaredPorts } from './opaque-ports.ts';

/*
 * The few fields of the cluster's objects that we keep. Addresses are always in the text of `canonicalIp`,
 * names are joined as `namespace/name` wherever one key is needed.
 */

export interface NamedPort {
  /** Empty when the Service has one unnamed port. */
  readonly name: string;
  readonly port: number;
}

/** A port of a Service, and the one that every node listens on for it; absent when none does. */
export interface ServicePort extends NamedPort {
  readonly nodePort?: number;
}

/** The few fields of a Service that decide where a connection goes. */
export interface ServiceEntry {
  readonly namespace: string;
  readonly name: string;
  /** All cluster IPs (dual-stack), external IPs and load-balancer IPs; empty for headless. */
  readonly ips: readonly string[];
  /** TCP ports only. */
  readonly ports: readonly ServicePort[];
  /** Absent without the annotation. */
  readonly opaquePorts?: DeclaredPorts;
}

/** One EndpointSlice: the pod addresses behind a Service, with the target ports by port name. */
export interface SliceEntry {
  readonly namespace: string;
  readonly name: string;
  /** From the label `kubernetes.io/service-name`. */
  readonly service: string;
  readonly ips: readonly string[];
  /** TCP ports only. */
  readonly ports: readonly NamedPort[];
}

/** A node, as far as its own addresses go: on each of them it listens for Services with node ports. */
export interface NodeEntry {
  readonly name: string;
  readonly ips: readonly string[];
}

export interface NamespaceEntry {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Only those of our own group, see `OWN_ANNOTATIONS`. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** A pod on this node: who it is, and what capture has to know before it touches its network namespace. */
export interface PodInfo {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  /** Empty until scheduled. */
  readonly node: string;
  readonly serviceAccount: string;
  /** Empty until the runtime has made the sandbox. */
  readonly podIPs: readonly string[];
  /** Of its node. */
  readonly hostIPs: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Only those of our own group, see `OWN_ANNOTATIONS`. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly hostNetwork: boolean;
  /** Any container, init containers included, may do everything on the node. */
  readonly privileged: boolean;
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`; the pod's IPs may be reused after the middle two. */
  readonly phase: string;
  readonly deletionTimestamp: string | null;
  readonly runtimeClass: string | null;
  /** The controlling owner reference, or null. */
  readonly owner: { readonly kind: string; readonly name: string } | null;
}
