import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../kernel/clock.ts';
import { messageOf } from '../../kernel/message-of.ts';
import type { Container, Pod } from '../cluster/objects.ts';
import type { Addresses } from '../network/addresses.ts';
import { addPodNetwork, type PodNetwork, removePodNetwork } from '../network/pod-network.ts';
import type { PodCgroup } from './cgroups.ts';
import { ContainerRunner, timestamp } from './container-runner.ts';
import { dialInside } from './dial.ts';
import { containerProcess, hostname, type PodFacts } from './environment.ts';
import { hosts, resolvConf } from './etc-files.ts';
import { enterArgv, launchArgv, type Running, type Surroundings } from './launch.ts';
import { LogFile } from './log-file.ts';
import { logName } from './node-paths.ts';
import type { PodView } from './pod-status.ts';
import { probe } from './probe.ts';
import { Readiness } from './readiness.ts';

export interface PodWorkerOptions {
  readonly pod: Pod;
  readonly podIps: Addresses;
  readonly hostIps: Addresses;
  readonly dnsServers: Addresses;
  readonly base: PodFacts['base'];
  /** Null for a pod in the node's own namespace. */
  readonly network: PodNetwork | null;
  readonly nodeNetnsFile: string;
  readonly cgroup: PodCgroup;
  readonly etcDir: string;
  readonly logDir: string;
  readonly stateDir: string;
  readonly seesState: boolean;
  readonly defaultWorkingDir: string;
  readonly clock: Clock;
  readonly onChange: () => void;
}

interface RunningContainer {
  readonly container: Container;
  readonly runner: ContainerRunner;
  readonly readiness: Readiness;
  readonly env: Readonly<Record<string, string>>;
}

/** One pod on its node: its namespace, its containers, and what is to be said of them. */
export class PodWorker {
  readonly #options: PodWorkerOptions;
  readonly #logs: LogFile[] = [];
  readonly #startTime: string;
  #containers: readonly RunningContainer[] = [];
  #networkReady = false;
  #problem: PodView['problem'];
  #starting: Promise<void> | undefined;
  #stopping = false;

  constructor(options: PodWorkerOptions) {
    this.#options = options;
    this.#startTime = timestamp(options.clock.now());
  }

  get uid(): string {
    return this.#options.pod.metadata.uid;
  }

  get view(): PodView {
    const { podIps, hostIps } = this.#options;
    return {
      podIps: this.#networkReady ? podIps : [],
      hostIps,
      startTime: this.#startTime,
      problem: this.#problem,
      containers: this.#containers.map(({ container, runner, readiness }) => ({
        name: container.name,
        image: container.image ?? '',
        state: runner.state,
        lastState: runner.lastState,
        restarts: runner.restarts,
        ready: runner.state.running !== undefined && readiness.ready,
      })),
    };
  }

  start(): Promise<void> {
    this.#starting ??= this.#bringUp().catch((error: unknown) => {
      const message = messageOf(error);
      this.#fail('FailedCreatePodSandBox', message);
    });
    return this.#starting;
  }

  /** Ends the containers and takes away everything that the pod had on the node but its logs. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    await this.#starting;
    for (const { readiness } of this.#containers) readiness.stopped();
    await Promise.all(this.#containers.map(({ runner }) => runner.stop(graceMs)));
    for (const log of this.#logs.splice(0)) log.close();
    const { network, cgroup, etcDir } = this.#options;
    if (network !== null) await removePodNetwork(network);
    await cgroup.remove();
    await rm(etcDir, { recursive: true, force: true });
  }

  /** How to run a command in a container, the first one unless named; undefined when it is not running. */
  enter(
    command: readonly string[],
    name?: string,
  ): { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> } | undefined {
    const found = this.#containers.find(({ container }) => name === undefined || container.name === name);
    const running = found === undefined ? undefined : this.#running(found.container, found.runner);
    if (found === undefined || running === undefined) return undefined;
    return { argv: enterArgv(running, command), env: found.env };
  }

  /** A connection to a port of loopback in the pod; rejects when nothing accepts there. */
  dial(port: number): Promise<Duplex> {
    if (!this.#networkReady || this.#stopping) return Promise.reject(new Error('the pod is not running'));
    return dialInside(this.#surroundings().netnsFile, port);
  }

  async #bringUp(): Promise<void> {
    const { pod, network, cgroup, etcDir, podIps, dnsServers } = this.#options;
    if ((pod.spec.initContainers ?? []).length > 0) {
      return this.#fail('InitContainersUnsupported', 'a sandbox does not run init containers');
    }
    if (network !== null) await addPodNetwork(network);
    this.#networkReady = true;
    await mkdir(etcDir, { recursive: true });
    await Promise.all([
      writeFile(join(etcDir, 'resolv.conf'), resolvConf(pod.metadata.namespace ?? '', dnsServers)),
      writeFile(join(etcDir, 'hosts'), hosts(pod, podIps)),
      cgroup.create(),
    ]);
    if (!this.#stopping) this.#startContainers();
  }

  #startContainers(): void {
    const made: RunningContainer[] = [];
    for (const [index, container] of this.#options.pod.spec.containers.entries()) {
      const one = this.#container(container, index);
      if (one === undefined) return;
      made.push(one);
    }
    this.#containers = made;
    for (const { runner } of made) runner.start();
  }

  #container(container: Container, index: number): RunningContainer | undefined {
    const { pod, podIps, hostIps, base } = this.#options;
    const facts = containerProcess(container, { pod, podIps, hostIps, base });
    if (!facts.ok) {
      this.#fail('CreateContainerConfigError', `container \`${container.name}\`: ${facts.error}`);
      return undefined;
    }
    const { argv, env } = facts.value;
    const onChange = () => {
      // A restarted process has to prove itself anew.
      if (runner.state.running !== undefined) readiness.started();
      else readiness.stopped();
      this.#options.onChange();
    };
    const runner = new ContainerRunner({
      start: {
        argv: launchArgv(container, argv, this.#surroundings()),
        env,
        workingDir: container.workingDir ?? this.#options.defaultWorkingDir,
        logFd: this.#openLog(index === 0 ? undefined : container.name),
      },
      restartPolicy: pod.spec.restartPolicy ?? 'Always',
      clock: this.#options.clock,
      onChange,
    });
    const readiness = this.#readiness(container, runner, env);
    return { container, runner, readiness, env };
  }

  #readiness(
    container: Container,
    runner: ContainerRunner,
    env: Readonly<Record<string, string>>,
  ): Readiness {
    const { podIps, onChange } = this.#options;
    return new Readiness({
      probe: container.readinessProbe,
      ask: async (what) => {
        const running = this.#running(container, runner);
        if (running === undefined) return false;
        return probe(what, {
          container,
          env,
          ip: podIps[0] ?? '',
          enter: (command) => enterArgv(running, command),
        });
      },
      onChange,
    });
  }

  #running(container: Container, runner: ContainerRunner): Running | undefined {
    const { cgroup, defaultWorkingDir } = this.#options;
    if (runner.pid === undefined) return undefined;
    const workingDir = container.workingDir ?? defaultWorkingDir;
    return { container, pid: runner.pid, cgroupProcs: cgroup.procs, workingDir };
  }

  #surroundings(): Surroundings {
    const { pod, network, nodeNetnsFile, cgroup, etcDir, stateDir, seesState } = this.#options;
    return {
      netnsFile: network?.netnsFile ?? nodeNetnsFile,
      cgroupProcs: cgroup.procs,
      hostname: hostname(pod),
      etcDir,
      stateDir,
      seesState,
    };
  }

  #openLog(container: string | undefined): number {
    const { pod, logDir } = this.#options;
    const name = logName(pod.metadata.namespace ?? '', pod.metadata.name, container);
    const log = new LogFile(join(logDir, name));
    this.#logs.push(log);
    return log.fd;
  }

  #fail(reason: string, message: string): void {
    this.#problem = { reason, message };
    this.#options.onChange();
  }
}
