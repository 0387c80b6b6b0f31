import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../kernel/clock.ts';
import type { Pod } from '../cluster/objects.ts';
import { timestamp } from '../kubelet/container-runner.ts';
import { NodePaths } from '../kubelet/node-paths.ts';
import { PodWorker } from '../kubelet/pod-worker.ts';
import { type Addresses, externalAddresses } from '../network/addresses.ts';
import { eventually } from '../process/eventually.ts';
import { type ExternalHost, OUTSIDE, type SandboxSpec } from '../protocol.ts';
import type { Ground } from './ground.ts';

export interface OutsideOptions {
  readonly spec: SandboxSpec;
  readonly ground: Ground;
  readonly clock: Clock;
  readonly base: Readonly<Record<string, string>>;
}

/** What is reachable from the cluster without being in it. */
export interface Outside {
  /** Addresses by host name. */
  readonly names: ReadonlyMap<string, Addresses>;
  readonly workers: ReadonlyMap<string, PodWorker>;
  /** Throws with the hosts that are not ready in time. */
  ready(timeoutMs: number): Promise<void>;
}

/** The supervisor's own network namespace, which routes between nodes and to the hosts outside. */
const FABRIC = '/proc/self/ns/net';

/** Starts the hosts outside: run as pods are, but linked to no node, and with no object that tells of them. */
export async function startOutside(options: OutsideOptions): Promise<Outside> {
  const { spec, ground } = options;
  const paths = new NodePaths(spec.stateDir, OUTSIDE);
  if (spec.external.length > 0) {
    await Promise.all([paths.netns, paths.logs, paths.pods].map((path) => mkdir(path, { recursive: true })));
  }
  const hosts = spec.external.map((host, slot) => {
    const ips = externalAddresses(slot, ground.ipv6);
    return { name: host.name, ips, worker: workerOf(host, { ips, slot, paths, options }) };
  });
  for (const { worker } of hosts) void worker.start();
  const missing = () => hosts.filter(({ worker }) => !isReady(worker)).map(({ name }) => name);
  return {
    names: new Map(hosts.map(({ name, ips }) => [name, ips])),
    workers: new Map(hosts.map(({ name, worker }) => [name, worker])),
    ready: async (timeoutMs) => {
      if (await eventually(() => missing().length === 0, { withinMs: timeoutMs })) return;
      throw new Error(`hosts outside not ready after ${timeoutMs} ms: ${missing().join(', ')}`);
    },
  };
}

const isReady = ({ view }: PodWorker): boolean =>
  view.containers.length > 0 && view.containers.every(({ ready }) => ready);

interface Place {
  readonly ips: Addresses;
  readonly slot: number;
  readonly paths: NodePaths;
  readonly options: OutsideOptions;
}

function workerOf(host: ExternalHost, { ips, slot, paths, options }: Place): PodWorker {
  const { spec, ground, clock, base } = options;
  return new PodWorker({
    pod: podOf(host, timestamp(clock.now())),
    podIps: ips,
    hostIps: ips,
    // The server itself: cluster IPs mean something only to the nodes.
    dnsServers: ground.own,
    base,
    network: {
      netnsFile: join(paths.netns, host.name),
      nodeNetnsFile: FABRIC,
      device: `outside${slot}`,
      pod: ips,
      gateway: ground.own,
    },
    nodeNetnsFile: FABRIC,
    cgroup: ground.cgroups.pod(OUTSIDE, host.name),
    etcDir: join(paths.pods, host.name),
    logDir: paths.logs,
    stateDir: spec.stateDir,
    seesState: false,
    defaultWorkingDir: spec.workingDir,
    clock,
    onChange: () => {},
  });
}

/** Only what runs it reads this: it is never in the store. */
const podOf = ({ name, container }: ExternalHost, creationTimestamp: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: OUTSIDE, uid: name, resourceVersion: '', generation: 1, creationTimestamp },
  spec: { nodeName: OUTSIDE, containers: [container] },
});
