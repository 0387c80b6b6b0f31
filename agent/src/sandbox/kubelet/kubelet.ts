import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import { asPod, isFinished, isTerminating, type Pod, RESOURCES } from '../cluster/objects.ts';
import { logRefusal } from '../cluster/refusal.ts';
import type { ObjectStore } from '../kube-api/store.ts';
import { type Addresses, MAX_PODS_PER_NODE, type NodeAddresses, podAddresses } from '../network/addresses.ts';
import { Slots } from '../network/slots.ts';
import type { SandboxCgroups } from './cgroups.ts';
import { timestamp } from './container-runner.ts';
import type { NodePaths } from './node-paths.ts';
import { podStatus } from './pod-status.ts';
import { PodWorker } from './pod-worker.ts';

export interface KubeletOptions {
  /** Of the node. */
  readonly name: string;
  /** Of the node, from 1. */
  readonly index: number;
  readonly addresses: NodeAddresses;
  readonly ipv6: boolean;
  readonly paths: NodePaths;
  readonly stateDir: string;
  readonly store: ObjectStore;
  readonly cgroups: SandboxCgroups;
  readonly dnsServers: Addresses;
  readonly baseEnv: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

interface Hosted {
  readonly pod: Pod;
  readonly worker: PodWorker;
  readonly slot: number | null;
  /** Set once the pod is on its way out, or has finished: done when nothing of it is left on the node. */
  released?: Promise<void>;
}

/** Keeps a deleted pod in the store, terminating, until its processes and its network are gone. */
const FINALIZER = 'sandbox.eastwall.dev/running';

/**
 * Runs the pods that are bound to one node, as the kubelet and the container runtime do together. There is no way
 * to stop it: pods end with the sandbox's PID namespace.
 */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #slots = new Slots(MAX_PODS_PER_NODE);
  readonly #hosted = new Map<string, Hosted>();

  constructor(options: KubeletOptions) {
    this.#options = options;
  }

  start(): void {
    const { store } = this.#options;
    store.subscribe(RESOURCES.pods, ({ type, object }) => {
      if (type === 'DELETED') this.#removed(asPod(object));
      else this.#seen(asPod(object));
    });
    for (const object of store.list(RESOURCES.pods)) this.#seen(asPod(object));
  }

  worker(uid: string): PodWorker | undefined {
    return this.#hosted.get(uid)?.worker;
  }

  #seen(pod: Pod): void {
    if (pod.spec.nodeName !== this.#options.name) return;
    const hosted = this.#hosted.get(pod.metadata.uid);
    if (hosted === undefined) {
      if (!isTerminating(pod) && !isFinished(pod)) this.#host(pod);
    } else if (isTerminating(pod)) void this.#evict(hosted);
  }

  #host(pod: Pod): void {
    const slot = pod.spec.hostNetwork === true ? null : this.#slots.take();
    if (slot === undefined) {
      this.#options.log(`node ${this.#options.name} is full: pod ${pod.metadata.name} stays pending`);
      return;
    }
    const worker = this.#worker(pod, slot);
    this.#hosted.set(pod.metadata.uid, { pod, worker, slot });
    this.#setFinalizers(pod, (others) => [...others, FINALIZER]);
    void worker.start();
  }

  /** Ends the pod as its grace period allows, then lets go of the object. */
  async #evict(hosted: Hosted): Promise<void> {
    await this.#release(hosted, (hosted.pod.spec.terminationGracePeriodSeconds ?? 30) * 1000);
    if (!this.#hosted.delete(hosted.pod.metadata.uid)) return;
    this.#setFinalizers(hosted.pod, (others) => others);
  }

  #release(hosted: Hosted, graceMs: number): Promise<void> {
    hosted.released ??= hosted.worker
      .stop(graceMs)
      .catch((error: Error) => this.#options.log(`end of pod ${hosted.pod.metadata.name}: ${error.message}`))
      .finally(() => {
        if (hosted.slot !== null) this.#slots.giveBack(hosted.slot);
      });
    return hosted.released;
  }

  #setFinalizers({ metadata: { namespace, name } }: Pod, change: (others: string[]) => string[]): void {
    const object = this.#options.store.get(RESOURCES.pods, namespace, name);
    if (object === undefined) return;
    const { resourceVersion: _, ...metadata } = object.metadata;
    const finalizers = change((metadata.finalizers ?? []).filter((one) => one !== FINALIZER));
    const written = this.#options.store.update(RESOURCES.pods, {
      ...object,
      metadata: { ...metadata, finalizers },
    });
    logRefusal(`pod ${name}`, written, this.#options.log);
  }

  #worker(pod: Pod, slot: number | null): PodWorker {
    const { paths, addresses, index, ipv6, cgroups, name, stateDir } = this.#options;
    const { uid } = pod.metadata;
    const podIps = slot === null ? addresses.node : podAddresses(index, slot, ipv6);
    const network =
      slot === null
        ? null
        : {
            // The CNI's naming, by which agents tell pods' namespaces from others.
            netnsFile: join(paths.netns, `cni-${randomUUID()}`),
            nodeNetnsFile: paths.nodeNetns,
            device: `veth${createHash('sha256').update(uid).digest('hex').slice(0, 8)}`,
            pod: podIps,
            gateway: addresses.gateway,
          };
    return new PodWorker({
      pod,
      podIps,
      hostIps: addresses.node,
      network,
      nodeNetnsFile: paths.nodeNetns,
      cgroup: cgroups.pod(name, `${pod.metadata.namespace}_${pod.metadata.name}`),
      etcDir: join(paths.pods, uid),
      logDir: paths.logs,
      stateDir,
      seesState: mountsPartOf(stateDir, pod),
      dnsServers: this.#options.dnsServers,
      base: this.#options.baseEnv,
      defaultWorkingDir: this.#options.workingDir,
      clock: this.#options.clock,
      onChange: () => this.#report(uid),
    });
  }

  /** Somebody took our finalizer off: the object is gone before its pod. */
  #removed(pod: Pod): void {
    const hosted = this.#hosted.get(pod.metadata.uid);
    this.#hosted.delete(pod.metadata.uid);
    if (hosted !== undefined) void this.#release(hosted, 0);
  }

  #report(uid: string): void {
    const { store, clock } = this.#options;
    const hosted = this.#hosted.get(uid);
    if (hosted === undefined) return;
    const object = store.get(RESOURCES.pods, hosted.pod.metadata.namespace, hosted.pod.metadata.name);
    if (object?.metadata.uid !== uid) return;
    const status = podStatus(asPod(object), hosted.worker.view, timestamp(clock.now()));
    const { resourceVersion: _, ...metadata } = object.metadata;
    const written = store.update(RESOURCES.pods, { ...object, metadata, status }, { subresource: 'status' });
    logRefusal(`status of pod ${metadata.name}`, written, this.#options.log);
    // What has finished keeps its object and its log, but neither address nor namespace.
    if (status.phase === 'Succeeded' || status.phase === 'Failed') void this.#release(hosted, 0);
  }
}

/** Such a pod asked for the state directory, as an agent does for the namespaces of its node. */
const mountsPartOf = (stateDir: string, pod: Pod): boolean =>
  pod.spec.volumes?.some(({ hostPath }) => hostPath?.path.startsWith(`${stateDir}/`) ?? false) ?? false;
