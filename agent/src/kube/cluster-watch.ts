import type { ApiPolicy, EgressPolicy, GuardProfile } from '@eastwall/policy';
import type {
  NamespaceEntry,
  NodeEntry,
  PodInfo,
  ServiceEntry,
  SliceEntry,
} from '../identity/cluster-objects.ts';
import { projectPod } from '../identity/pod.ts';
import {
  type LabelledService,
  type Projected,
  projectLabelledService,
  projectNamespace,
  projectNode,
  projectSlice,
} from '../identity/project.ts';
import type { ToDataplane } from '../ipc/messages.ts';
import type { Labels } from '../kernel/label-selector.ts';
import { Changes } from './changes.ts';
import {
  API_POLICIES,
  EGRESS_POLICIES,
  GUARD_PROFILES,
  PolicyIntake,
  type PolicyKind,
  type PolicyObject,
  pathOf,
  projectPolicy,
  type RefusedPolicy,
} from './policies.ts';
import { STATUS_DEFAULTS, type StatusCounts, type StatusSettings, StatusWriter } from './status.ts';
import { ResourceWatch, type WatchContext, type WatchSpec, type WatchStatus } from './watch.ts';

/** What a dataplane process has to be told of the cluster. */
export type ClusterMessage = Extract<
  ToDataplane,
  { kind: 'services' | 'slices' | 'nodes' | 'policies' | 'egress-policies' | 'guard-profiles' | 'synced' }
>;

export interface ClusterListener {
  /** To be passed on to every dataplane process, and kept for those that start later. */
  message(message: ClusterMessage): void;
  /** Pods of this node; those that are gone by uid. */
  pods(upsert: readonly PodInfo[], remove: readonly string[]): void;
  /** Those that are gone by name. */
  namespaces(upsert: readonly NamespaceEntry[], remove: readonly string[]): void;
  /** Those of a Service, `namespace/name`; null once it is gone. */
  serviceLabels(key: string, labels: Labels | null): void;
}

export interface ClusterWatchOptions {
  readonly context: WatchContext;
  readonly node: string;
  /** Whether to learn the addresses of all nodes, for Services with node ports. */
  readonly nodePorts: boolean;
  readonly listener: ClusterListener;
  /** Of each kind. */
  readonly maxPolicies?: number;
  readonly status?: StatusSettings;
}

export interface ClusterStatus {
  /** All first lists are complete. */
  readonly synced: boolean;
  /** The oldest of the watches' contacts, in milliseconds since the epoch: what is known is at least of then. */
  readonly lastContact: number | null;
  /** Kinds of policies that the kube API does not know: of these, none is in force but what was known before. */
  readonly missingKinds: readonly string[];
  readonly policies: number;
  readonly refused: readonly RefusedPolicy[];
  readonly watches: readonly WatchStatus[];
  readonly statusWrites: StatusCounts;
}

/** Keys per message: 200 full EndpointSlices are 400 KB on the IPC channel. */
const BATCH = 200;

/**
 * Everything the agent knows of the cluster: pods of its own node, and Services, EndpointSlices, Namespaces
 * and policies of all. Changes are collected and handed on once per turn of the event loop.
 */
export class ClusterWatch {
  readonly #options: ClusterWatchOptions;
  readonly #changed = () => this.#schedule();
  readonly #pods = new Changes<PodInfo>(this.#changed);
  readonly #namespaces = new Changes<NamespaceEntry>(this.#changed);
  readonly #services = new Changes<ServiceEntry>(this.#changed);
  readonly #slices = new Changes<SliceEntry>(this.#changed);
  readonly #nodes = new Changes<NodeEntry>(this.#changed);
  readonly #policies = new Changes<ApiPolicy>(this.#changed);
  readonly #egress = new Changes<EgressPolicy>(this.#changed);
  readonly #profiles = new Changes<GuardProfile>(this.#changed);
  readonly #status: StatusWriter;
  readonly #kinds: readonly FollowedKind[];
  readonly #watches: readonly Pick<ResourceWatch<unknown>, 'start' | 'stop' | 'status'>[];
  #flush: NodeJS.Immediate | null = null;
  #synced = false;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    this.#status = new StatusWriter(options.context, options.status ?? STATUS_DEFAULTS);
    this.#kinds = [
      this.#followKind(API_POLICIES, this.#policies),
      this.#followKind(EGRESS_POLICIES, this.#egress),
      this.#followKind(GUARD_PROFILES, this.#profiles),
    ];
    this.#watches = [
      this.#follow({
        path: '/api/v1/pods',
        query: { fieldSelector: `spec.nodeName=${options.node}` },
        // A StatefulSet's pod comes back under its old name, and is another caller in another netns.
        keyedBy: 'uid',
        project: projectPod,
        into: this.#pods,
      }),
      this.#follow({ path: '/api/v1/namespaces', project: projectNamespace, into: this.#namespaces }),
      this.#followServices(),
      this.#follow({
        path: '/apis/discovery.k8s.io/v1/endpointslices',
        project: projectSlice,
        into: this.#slices,
      }),
      ...(options.nodePorts ? [this.#followNodes()] : []),
      ...this.#kinds.map(({ watch }) => watch),
    ];
  }

  /** Settles after `stop`; rejects only for a bug. */
  async start(): Promise<void> {
    await Promise.all(this.#watches.map((watch) => watch.start()));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#watches.map((watch) => watch.stop()), this.#status.stop()]);
    if (this.#flush !== null) clearImmediate(this.#flush);
    this.#flush = null;
  }

  status(): ClusterStatus {
    const watches = this.#watches.map((watch) => watch.status());
    const contacts = watches.map((watch) => watch.lastContact);
    return {
      synced: this.#synced,
      lastContact: contacts.includes(null) ? null : Math.min(...contacts.map(Number)),
      missingKinds: this.#kinds.flatMap(({ kind, watch }) => (watch.status().absent ? [kind] : [])),
      policies: this.#kinds.reduce((sum, { intake }) => sum + intake.size, 0),
      refused: this.#kinds.flatMap(({ intake }) => intake.refused()),
      watches,
      statusWrites: this.#status.counts(),
    };
  }

  #followServices(): ResourceWatch<LabelledService> {
    const { listener } = this.#options;
    return this.#follow({
      path: '/api/v1/services',
      project: projectLabelledService,
      into: {
        upsert: (key, { entry, labels }) => {
          this.#services.upsert(key, entry);
          listener.serviceLabels(key, labels);
        },
        remove: (key) => {
          this.#services.remove(key);
          listener.serviceLabels(key, null);
        },
      },
    });
  }

  /** A node's status is written every few minutes, and its addresses hardly ever change. */
  #followNodes(): ResourceWatch<NodeEntry> {
    const told = new Map<string, string>();
    return this.#follow({
      path: '/api/v1/nodes',
      project: projectNode,
      into: {
        upsert: (name, node) => {
          const addresses = node.ips.join();
          if (told.get(name) === addresses) return;
          told.set(name, addresses);
          this.#nodes.upsert(name, node);
        },
        remove: (name) => {
          told.delete(name);
          this.#nodes.remove(name);
        },
      },
    });
  }

  #followKind<Policy>(kind: PolicyKind<Policy>, into: Changes<Policy>): FollowedKind {
    const { names } = kind;
    const maxPolicies = this.#options.maxPolicies ?? 10_000;
    const intake = new PolicyIntake({ names, into, status: this.#status, maxPolicies });
    const watch = this.#follow<PolicyObject<Policy>>({
      path: pathOf(names),
      mayBeAbsent: true,
      project: (json) => projectPolicy(kind, json),
      into: { upsert: (_, object) => intake.upsert(object), remove: (key) => intake.remove(key) },
    });
    return { kind: names.kind, intake, watch };
  }

  #follow<T>(spec: Followed<T>): ResourceWatch<T> {
    const { into, ...rest } = spec;
    return new ResourceWatch<T>(this.#options.context, {
      ...rest,
      handlers: {
        upsert: (key, value) => into.upsert(key, value),
        remove: (key) => into.remove(key),
        synced: () => this.#schedule(),
      },
    });
  }

  #schedule(): void {
    this.#flush ??= setImmediate(() => {
      this.#flush = null;
      this.#handOn();
    });
  }

  /** Services before policies, pods last: who acts on a pod finds the rest in place. */
  #handOn(): void {
    const { listener } = this.#options;
    for (const change of this.#services.take(BATCH)) listener.message({ kind: 'services', ...change });
    for (const change of this.#slices.take(BATCH)) listener.message({ kind: 'slices', ...change });
    for (const change of this.#nodes.take(BATCH)) listener.message({ kind: 'nodes', ...change });
    for (const change of this.#policies.take(BATCH)) listener.message({ kind: 'policies', ...change });
    for (const change of this.#egress.take(BATCH)) listener.message({ kind: 'egress-policies', ...change });
    for (const change of this.#profiles.take(BATCH)) listener.message({ kind: 'guard-profiles', ...change });
    for (const change of this.#namespaces.take(BATCH)) listener.namespaces(change.upsert, change.remove);
    for (const change of this.#pods.take(BATCH)) listener.pods(change.upsert, change.remove);
    if (this.#synced || !this.#watches.every((watch) => watch.status().synced)) return;
    this.#synced = true;
    listener.message({ kind: 'synced' });
  }
}

interface FollowedKind {
  readonly kind: string;
  readonly intake: Pick<PolicyIntake<unknown>, 'size' | 'refused'>;
  readonly watch: Pick<ResourceWatch<unknown>, 'start' | 'stop' | 'status'>;
}

interface Followed<T> extends Omit<WatchSpec<T>, 'handlers'> {
  readonly project: (json: unknown) => Projected<T>;
  readonly into: Pick<Changes<T>, 'upsert' | 'remove'>;
}
