import type { Container } from './cluster/objects.ts';
import type { ObjectInput } from './kube-api/object.ts';

/** An object to apply as it is, with the place that an error about it should name. */
export interface PlacedObject {
  readonly object: ObjectInput;
  readonly where: string;
}

/** What the launcher writes to the supervisor's standard input, as one line of JSON. */
export interface SandboxSpec {
  /** Unique among the machine's sandboxes. */
  readonly name: string;
  readonly stateDir: string;
  /** Where pods run unless they say otherwise. */
  readonly workingDir: string;
  readonly nodes: readonly string[];
  readonly ipFamilies: 'dual' | 'ipv4';
  /** Applied in this order, before anything of `objects`; they are ready when the others come. */
  readonly system: readonly PlacedObject[];
  readonly objects: readonly PlacedObject[];
  readonly external: readonly ExternalHost[];
  readonly readyTimeoutMs: number;
}

/** A host outside of the cluster: a process with a name and addresses, and no object. */
export interface ExternalHost {
  /** Full host name, as the cluster's pods resolve it. */
  readonly name: string;
  readonly container: Container;
}

/** Takes the place of a node's name in paths, for the hosts outside. */
export const OUTSIDE = 'outside';

/** What the supervisor writes to its standard output, one line of JSON each. */
export type SupervisorEvent =
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'ready'; readonly summary: SandboxSummary }
  /** The sandbox can't come up; the supervisor ends. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface SandboxSummary {
  readonly ipv6: boolean;
  readonly cgroups: boolean;
  readonly apiUrl: string;
  readonly pods: readonly PodSummary[];
}

export interface PodSummary {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly phase: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly ips: readonly string[];
  readonly message?: string;
}

/** How to run something in the sandbox, by whoever is already inside its namespaces. */
export interface EnterPlan {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The calls on the control socket. `pod` is `namespace/name`, where the name may also be that of a workload,
 * which stands for one of its running pods.
 */
export interface Calls {
  status: { readonly params: Record<string, never>; readonly result: SandboxSummary };
  enter: {
    readonly params: {
      readonly pod: string;
      readonly command: readonly string[];
      readonly container?: string;
    };
    readonly result: EnterPlan;
  };
  pod: { readonly params: { readonly pod: string }; readonly result: PodSummary };
  apply: { readonly params: { readonly objects: readonly ObjectInput[] }; readonly result: null };
  remove: {
    readonly params: { readonly resource: string; readonly namespace?: string; readonly name: string };
    readonly result: null;
  };
  /** Waits until every pod that can be is ready and reachable through its Services. */
  settle: { readonly params: { readonly timeoutMs: number }; readonly result: null };
  /** What a kube API outage looks like from a client. */
  kubeApi: {
    readonly params: { readonly action: 'pause' | 'resume' | 'drop-watches' | 'forget-history' };
    readonly result: null;
  };
  stop: { readonly params: Record<string, never>; readonly result: null };
}

export type Method = keyof Calls;

export interface Request<M extends Method = Method> {
  readonly id: number;
  readonly method: M;
  readonly params: Calls[M]['params'];
}

export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

export const CONTROL_SOCKET = 'control.sock';
export const KUBECONFIG = 'kubeconfig';
