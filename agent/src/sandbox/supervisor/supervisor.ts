import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apiPolicyCrd, egressPolicyCrd, guardProfileCrd } from '@eastwall/policy';
import type { Clock } from '../../kernel/clock.ts';
import { startClusterIps } from '../controllers/cluster-ips.ts';
import { startEndpointSlices } from '../controllers/endpoint-slices.ts';
import { startScheduler } from '../controllers/scheduler.ts';
import { startWorkloads } from '../controllers/workloads/start.ts';
import { startDns } from '../dns/server.ts';
import { answer } from '../dns/zone.ts';
import type { DialPod } from '../kube-api/http/port-forward.ts';
import type { ObjectInput } from '../kube-api/object.ts';
import { type KubeApi, startKubeApi } from '../kube-api/start-kube-api.ts';
import { ObjectStore } from '../kube-api/store.ts';
import { timestamp } from '../kubelet/container-runner.ts';
import { Kubelet } from '../kubelet/kubelet.ts';
import { type Addresses, API_CLUSTER_IPS, DNS_CLUSTER_IPS } from '../network/addresses.ts';
import { ServiceProxy } from '../network/service-proxy.ts';
import { KUBECONFIG, type PlacedObject, type SandboxSpec, type SandboxSummary } from '../protocol.ts';
import { buildGround, type Ground } from './ground.ts';
import { type Outside, startOutside } from './outside.ts';
import { settle } from './settle.ts';
import { podSummaries } from './summary.ts';
import { API_PORT, DNS_PORT, nodeObject, systemServices } from './system-objects.ts';

export interface SupervisorOptions {
  readonly spec: SandboxSpec;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

export interface Supervisor {
  readonly store: ObjectStore;
  readonly kubelets: readonly Kubelet[];
  readonly outside: Outside;
  readonly api: KubeApi;
  settle(timeoutMs: number): Promise<void>;
  summary(): SandboxSummary;
}

/**
 * Builds the cluster inside the namespaces that this process was started in: network, kube API, DNS, controllers,
 * then the objects. It has no way down: the end of the process, the first of its PID namespace, ends everything.
 */
export async function startSupervisor(options: SupervisorOptions): Promise<Supervisor> {
  const { spec, clock, log } = options;
  const ground = await buildGround(spec, log);
  const { nodes, ipv6, own, cgroups } = ground;
  const store = new ObjectStore();
  let kubelets: readonly Kubelet[] = [];
  const dial: DialPod = async ({ name, uid }, port) => {
    const worker = kubelets.map((kubelet) => kubelet.worker(uid)).find((found) => found !== undefined);
    if (worker === undefined) throw new Error(`pod ${name} is not running`);
    return worker.dial(port);
  };
  const api = await startApi({ store, own, stateDir: spec.stateDir, dial });
  const outside = await startOutside({ spec, ground, clock, base: containerEnv(ipv6) });
  const zone = { store, outside: outside.names };
  await startDns({ addresses: own, port: DNS_PORT, answer: (query) => answer(zone, query) });
  const proxy = new ServiceProxy({ store, ipv6, nodeNetns: nodes.map(({ paths }) => paths.nodeNetns), log });
  for (const start of [startClusterIps, startScheduler, startEndpointSlices, startWorkloads]) {
    start({ store, nodes: spec.nodes, ipv6, log });
  }
  kubelets = startKubelets(options, ground, store);
  const now = timestamp(clock.now());
  applyAll(store, [
    apiPolicyCrd() as ObjectInput,
    egressPolicyCrd() as ObjectInput,
    guardProfileCrd() as ObjectInput,
    ...nodes.map(({ name, addresses }) => nodeObject(name, addresses, now)),
    ...systemServices(own),
  ]);
  const ready = (timeoutMs: number) => settle({ store, proxy, timeoutMs, stateDir: spec.stateDir });
  await outside.ready(spec.readyTimeoutMs);
  for (const objects of [spec.system, spec.objects]) {
    applyPlaced(store, objects);
    await ready(spec.readyTimeoutMs);
  }
  return {
    store,
    kubelets,
    outside,
    api,
    settle: ready,
    summary: () => ({ ipv6, cgroups: cgroups.available, apiUrl: api.url, pods: podSummaries(store) }),
  };
}

function startKubelets(
  { spec, clock, log }: SupervisorOptions,
  { nodes, ipv6, cgroups }: Ground,
  store: ObjectStore,
): readonly Kubelet[] {
  const { stateDir, workingDir } = spec;
  const shared = { ipv6, stateDir, store, cgroups, workingDir, clock, log };
  const dnsServers = DNS_CLUSTER_IPS(ipv6);
  const baseEnv = containerEnv(ipv6);
  const kubelets = nodes.map((node) => new Kubelet({ ...shared, ...node, dnsServers, baseEnv }));
  for (const kubelet of kubelets) kubelet.start();
  return kubelets;
}

/** Creates or replaces each; throws at the first that is refused. */
export function applyAll(store: ObjectStore, objects: readonly ObjectInput[]): void {
  for (const object of objects) {
    const written = store.apply(object);
    if (!written.ok)
      throw new Error(`${object.kind} \`${object.metadata.name ?? ''}\`: ${written.error.message}`);
  }
}

/** As `applyAll`, but goes through all of them to say everything that is wrong at once. */
function applyPlaced(store: ObjectStore, placed: readonly PlacedObject[]): void {
  const refused = placed.flatMap(({ object, where }) => {
    const written = store.apply(object);
    return written.ok ? [] : [`${where}: ${written.error.message}`];
  });
  if (refused.length > 0) throw new Error(refused.join('\n'));
}

interface ApiParts {
  readonly store: ObjectStore;
  readonly own: Addresses;
  readonly stateDir: string;
  readonly dial: DialPod;
}

async function startApi({ store, own, stateDir, dial }: ApiParts): Promise<KubeApi> {
  const [host = ''] = own;
  const admin = {
    token: randomBytes(24).toString('hex'),
    name: 'sandbox-admin',
    groups: ['system:masters'],
  };
  const api = await startKubeApi({
    store,
    host,
    port: API_PORT,
    tokens: [admin],
    dial,
    hosts: [...own, ...API_CLUSTER_IPS(own.length > 1)],
  });
  await writeFile(join(stateDir, KUBECONFIG), api.kubeconfig(), { mode: 0o600 });
  return api;
}

function containerEnv(ipv6: boolean): Readonly<Record<string, string>> {
  const [api = ''] = API_CLUSTER_IPS(ipv6);
  const inherited = ['PATH', 'HOME', 'LANG', 'TZ'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(inherited), KUBERNETES_SERVICE_HOST: api, KUBERNETES_SERVICE_PORT: '443' };
}
