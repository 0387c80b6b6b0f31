import { asPod, asWorkload, type Pod, RESOURCES, type WorkloadObject } from '../../cluster/objects.ts';
import { logRefusal } from '../../cluster/refusal.ts';
import type { KubeObject, ObjectInput } from '../../kube-api/object.ts';
import { Coalesced } from '../coalesced.ts';
import type { ControllerOptions } from '../controller.ts';
import { type Plan, planDaemonSet, planJob, planReplicaSet, planStatefulSet, replicaSetOf } from './plan.ts';
import { isOwnedBy, ownerReference } from './pod-factory.ts';

const WATCHED = [
  RESOURCES.pods,
  RESOURCES.deployments,
  RESOURCES.replicaSets,
  RESOURCES.statefulSets,
  RESOURCES.daemonSets,
  RESOURCES.jobs,
  RESOURCES.cronJobs,
] as const;

/** Makes and removes the pods of workloads, as the controller manager does. Returns what stops it. */
export function startWorkloads(options: ControllerOptions): () => void {
  const { store } = options;
  const dirty = new Coalesced<string>((namespaces) => {
    for (const namespace of namespaces) new Pass(options, namespace).run();
  });
  const stops = WATCHED.map((resource) =>
    store.subscribe(resource, ({ object }) => dirty.add(object.metadata.namespace ?? '')),
  );
  return () => {
    for (const stop of stops) stop();
    dirty.stop();
  };
}

/** One look at a namespace. What it writes comes back as events, so a pass need not see its own effects. */
class Pass {
  readonly #options: ControllerOptions;
  readonly #namespace: string;
  readonly #podsByOwner: ReadonlyMap<string, readonly Pod[]>;

  constructor(options: ControllerOptions, namespace: string) {
    this.#options = options;
    this.#namespace = namespace;
    this.#podsByOwner = Map.groupBy(
      options.store.list(RESOURCES.pods, namespace).map(asPod),
      ({ metadata }) => metadata.ownerReferences?.find(({ controller }) => controller === true)?.uid ?? '',
    );
  }

  run(): void {
    for (const cronJob of this.#list(RESOURCES.cronJobs)) this.#runOnce(cronJob);
    for (const deployment of this.#list(RESOURCES.deployments)) this.#deployment(asWorkload(deployment));
    this.#each(RESOURCES.replicaSets, planReplicaSet);
    this.#each(RESOURCES.statefulSets, planStatefulSet);
    this.#each(RESOURCES.daemonSets, (set, owned) => planDaemonSet(set, owned, this.#options.nodes));
    this.#each(RESOURCES.jobs, planJob);
  }

  #list(resource: string): KubeObject[] {
    return this.#options.store.list(resource, this.#namespace);
  }

  #each(resource: string, plan: (workload: WorkloadObject, owned: readonly Pod[]) => Plan): void {
    for (const object of this.#list(resource)) {
      const workload = asWorkload(object);
      const { create, remove, status } = plan(workload, this.#podsByOwner.get(object.metadata.uid) ?? []);
      for (const pod of create) this.#create(RESOURCES.pods, pod);
      for (const { metadata } of remove) {
        this.#options.store.remove(RESOURCES.pods, metadata.namespace, metadata.name, { uid: metadata.uid });
      }
      const { generation: observedGeneration } = workload.metadata;
      this.#report(resource, workload, { ...status, observedGeneration });
    }
  }

  /** Every new template gets a set of its own; the old ones go when the new one is as ready as asked for. */
  #deployment(deployment: WorkloadObject): void {
    const wanted = replicaSetOf(deployment);
    const ownerReferences = [ownerReference(deployment)];
    const sets = this.#list(RESOURCES.replicaSets).filter((set) => isOwnedBy(set, deployment));
    const current = sets.find(({ metadata }) => metadata.name === wanted.name);
    const metadata = { ...wanted.object.metadata, ownerReferences };
    if (current === undefined) this.#create(RESOURCES.replicaSets, { ...wanted.object, metadata });
    else if (asWorkload(current).spec.replicas !== deployment.spec.replicas) {
      this.#options.store.update(RESOURCES.replicaSets, {
        ...current,
        spec: { ...asWorkload(current).spec, replicas: deployment.spec.replicas },
      });
    }
    const status = (current === undefined ? undefined : asWorkload(current).status) ?? {};
    const ready = status.readyReplicas ?? 0;
    if (current !== undefined && ready >= (deployment.spec.replicas ?? 1)) {
      for (const set of sets.filter((one) => one !== current)) {
        this.#options.store.remove(RESOURCES.replicaSets, this.#namespace, set.metadata.name);
      }
    }
    this.#report(RESOURCES.deployments, deployment, {
      ...status,
      updatedReplicas: status.replicas ?? 0,
      observedGeneration: deployment.metadata.generation,
    });
  }

  /** A sandbox doesn't live long enough for schedules: a CronJob runs once, at once. */
  #runOnce(cronJob: KubeObject): void {
    const jobs = this.#list(RESOURCES.jobs).filter((job) => isOwnedBy(job, cronJob));
    const template = (cronJob['spec'] as { jobTemplate?: { metadata?: object; spec?: object } }).jobTemplate;
    if (jobs.length > 0 || template === undefined) return;
    const minutes = Math.floor(Date.parse(cronJob.metadata.creationTimestamp) / 60_000);
    this.#create(RESOURCES.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        ...template.metadata,
        name: `${cronJob.metadata.name}-${minutes}`,
        namespace: this.#namespace,
        ownerReferences: [ownerReference(cronJob)],
      },
      spec: template.spec ?? {},
    });
    this.#report(RESOURCES.cronJobs, asWorkload(cronJob), {
      lastScheduleTime: cronJob.metadata.creationTimestamp,
    });
  }

  #create(resource: string, object: ObjectInput): void {
    const created = this.#options.store.create(resource, object);
    logRefusal(`${object.kind} ${object.metadata.name}`, created, this.#options.log);
  }

  #report(resource: string, workload: WorkloadObject, status: Readonly<Record<string, unknown>>): void {
    const { resourceVersion: _, ...metadata } = workload.metadata;
    const written = this.#options.store.update(
      resource,
      { ...workload, metadata, status },
      { subresource: 'status' },
    );
    logRefusal(`status of ${workload.kind} ${metadata.name}`, written, this.#options.log);
  }
}
