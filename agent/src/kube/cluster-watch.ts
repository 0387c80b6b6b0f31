import type { ApiPolicy } from '@eastwall/policy';
import type { NamespaceEntry, PodInfo, ServiceEntry, SliceEntry } from '../identity/cluster-objects.ts';
import { projectPod } from '../identity/pod.ts';
import { type Projected, projectNamespace, projectService, projectSlice } from '../identity/project.ts';
import type { ToDataplane } from '../ipc/messages.ts';
import { Changes } from './changes.ts';
import {
  POLICIES_PATH,
  PolicyIntake,
  type PolicyObject,
  projectPolicy,
  type RefusedPolicy,
} from './policies.ts';
import { STATUS_DEFAULTS, type StatusCounts, type StatusSettings, StatusWriter } from './status.ts';
import { ResourceWatch, type WatchContext, type WatchSpec, type WatchStatus } from './watch.ts';

/** What a dataplane process has to be told of the cluster. */
export type ClusterMessage = Extract<ToDataplane, { kind: 'services' | 'slices' | 'policies' | 'synced' }>;

export interface ClusterListener {
  /** To be passed on to every dataplane process, and kept for those that start later. */
  message(message: ClusterMessage): void;
  /** Pods of this node; those that are gone by uid. */
  pods(upsert: readonly PodInfo[], remove: readonly string[]): void;
  /** Those that are gone by name. */
  namespaces(upsert: readonly NamespaceEntry[], remove: readonly string[]): void;
}

export interface ClusterWatchOptions {
  readonly context: WatchContext;
  readonly node: string;
  readonly listener: ClusterListener;
  readonly maxPolicies?: number;
  readonly status?: StatusSettings;
}

export interface ClusterStatus {
  /** All first lists are complete. */
  readonly synced: boolean;
  /** The oldest of the watches' contacts, in milliseconds since the epoch: what is known is at least of then. */
  readonly lastContact: number | null;
  /** False while the kube API does not know the ApiPolicy type: then no policy is in force but what was known before. */
  readonly policiesInstalled: boolean;
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
  readonly #policies = new Changes<ApiPolicy>(this.#changed);
  readonly #intake: PolicyIntake;
  readonly #status: StatusWriter;
  readonly #policyWatch: ResourceWatch<PolicyObject>;
  readonly #watches: readonly Pick<ResourceWatch<unknown>, 'start' | 'stop' | 'status'>[];
  #flush: NodeJS.Immediate | null = null;
  #synced = false;

  constructor(options: ClusterWatchOptions) {
    this.#options = options;
    this.#status = new StatusWriter(options.context, options.status ?? STATUS_DEFAULTS);
    this.#intake = new PolicyIntake({
      into: this.#policies,
      status: this.#status,
      maxPolicies: options.maxPolicies ?? 10_000,
    });
    this.#policyWatch = this.#follow<PolicyObject>({
      path: POLICIES_PATH,
      mayBeAbsent: true,
      project: projectPolicy,
      into: { upsert: (_, object) => this.#intake.upsert(object), remove: (key) => this.#intake.remove(key) },
    });
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
      this.#follow({ path: '/api/v1/services', project: projectService, into: this.#services }),
      this.#follow({
        path: '/apis/discovery.k8s.io/v1/endpointslices',
        project: projectSlice,
        into: this.#slices,
      }),
      this.#policyWatch,
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
      policiesInstalled: !this.#policyWatch.status().absent,
      policies: this.#intake.size,
      refused: this.#intake.refused(),
      watches,
      statusWrites: this.#status.counts(),
    };
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
    for (const change of this.#policies.take(BATCH)) listener.message({ kind: 'policies', ...change });
    for (const change of this.#namespaces.take(BATCH)) listener.namespaces(change.upsert, change.remove);
    for (const change of this.#pods.take(BATCH)) listener.pods(change.upsert, change.remove);
    if (this.#synced || !this.#watches.every((watch) => watch.status().synced)) return;
    this.#synced = true;
    listener.message({ kind: 'synced' });
  }
}

interface Followed<T> extends Omit<WatchSpec<T>, 'handlers'> {
  readonly project: (json: unknown) => Projected<T>;
  readonly into: Pick<Changes<T>, 'upsert' | 'remove'>;
}
