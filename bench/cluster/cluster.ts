import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../agent/src/sandbox/process/eventually.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { ALLOWED_PATH, DENIED_PATH } from '../load/operations.ts';
import { treeOf } from '../measure/process-tree.ts';
import type { Stage, Subject } from '../subjects/subject.ts';
import { agentsOf } from './agents.ts';
import { moveToMeasuredCore, ON_MEASURED_CORE } from './cores.ts';
import { BACKEND, BACKEND_PORTS, NAMESPACE, PEER_PORTS, type Protocol, STREAM } from './names.ts';
import { POLICIES, podOf, topology } from './topology.ts';

/** A subject that is up: what to call from which pod, and whose CPU and memory count. */
export interface Standing {
  readonly subject: Subject;
  readonly pod: string;
  /** Whom to call for each protocol. */
  readonly targets: Targets;
  /** Roots of its process trees; asked anew each time, since an agent may replace its processes. */
  readonly roots: () => readonly number[];
}

/** Host and port. */
export type Targets = Readonly<Record<Protocol, { readonly host: string; readonly port: number }>>;

const targets = (
  host: (protocol: Protocol) => string,
  ports: Readonly<Record<Protocol, number>>,
): Targets => {
  const of = (protocol: Protocol) => ({ host: host(protocol), port: ports[protocol] });
  return { http1: of('http1'), h2c: of('h2c'), tcp: of('tcp') };
};

interface Expected {
  readonly protocol: Protocol;
  readonly path: string;
  readonly status: number;
}

/** Files in memory, so that no disk is part of what is measured. */
const SHARED_MEMORY = '/dev/shm';
const EXEC_TIMEOUT_MS = 120_000;
const READY_TIMEOUT_MS = 30_000;

/** Rules of one's own, as few as intercepting takes: the calls of all but one user go to the listeners of a peer. */
const redirect = ({ backendIp, streamIp }: Stage, user: number): string => `
table ip peer {
  chain output {
    type nat hook output priority -100
    meta skuid ${user} return
    ip daddr ${backendIp} tcp dport ${BACKEND_PORTS.http1} redirect to :${PEER_PORTS.http1}
    ip daddr ${backendIp} tcp dport ${BACKEND_PORTS.h2c} redirect to :${PEER_PORTS.h2c}
    ip daddr ${streamIp} tcp dport ${BACKEND_PORTS.tcp} redirect to :${PEER_PORTS.tcp}
  }
}`;

/** A sandbox cluster with every subject in it, each called from a pod of its own. */
export class Cluster {
  readonly #sandbox: SandboxHandle;
  readonly #directory: string;
  readonly #peers: ChildProcess[] = [];

  private constructor(sandbox: SandboxHandle, directory: string) {
    this.#sandbox = sandbox;
    this.#directory = directory;
  }

  static async start(subjects: readonly Subject[], log: (line: string) => void): Promise<Cluster> {
    const directory = mkdtempSync(join(SHARED_MEMORY, 'eastwall-bench-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    const sandbox = await startSandbox({ topology: topology(subjects, directory), log });
    return new Cluster(sandbox, directory);
  }

  /** Runs a command in a pod, off the measured core; throws when it fails. */
  async exec(pod: string, argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.#sandbox.exec(pod, argv, { timeoutMs: EXEC_TIMEOUT_MS });
    if (code !== 0) throw new Error(`\`${argv.join(' ')}\` in ${pod} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  spawn(pod: string, argv: readonly string[]): Promise<ChildProcess> {
    return this.#sandbox.spawn(pod, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  }

  /** Brings a subject up on the measured core, and makes sure that it forwards and refuses as it should. */
  async stand(subject: Subject): Promise<Standing> {
    const standing = await this.#up(subject);
    for (const protocol of subject.protocols) {
      // It is not governed, and how it goes is seen when it is measured.
      if (protocol === 'tcp') continue;
      await this.#expectStatus(standing, { protocol, path: ALLOWED_PATH, status: 200 });
      const refused = subject.runs.as === 'nothing' ? 200 : 403;
      await this.#expectStatus(standing, { protocol, path: DENIED_PATH, status: refused });
    }
    return standing;
  }

  async stop(): Promise<void> {
    for (const peer of this.#peers) peer.kill('SIGKILL');
    await this.#sandbox.stop();
  }

  async #up(subject: Subject): Promise<Standing> {
    const { runs, name } = subject;
    const pod = `${NAMESPACE}/${podOf(subject)}`;
    const backendIp = await this.#serviceIp(BACKEND);
    const streamIp = await this.#serviceIp(STREAM);
    const real = targets((protocol) => (protocol === 'tcp' ? streamIp : backendIp), BACKEND_PORTS);
    const direct = { subject, pod, targets: real };
    if (runs.as === 'nothing') return { ...direct, roots: () => [] };
    if (runs.as === 'agent') {
      const processes = agentsOf(this.#sandbox).flatMap(treeOf);
      if (processes.length === 0) throw new Error('no agent is running');
      moveToMeasuredCore(processes.map(({ pid }) => pid));
      await this.#policiesAccepted();
      return { ...direct, roots: () => agentsOf(this.#sandbox) };
    }
    const directory = join(this.#directory, name);
    mkdirSync(directory);
    const stage = { directory, backendIp, streamIp };
    const root = await this.#startPeer(pod, runs.command(stage));
    if (runs.as === 'interceptor') {
      await this.exec(pod, ['nft', redirect(stage, runs.user)]);
      return { ...direct, roots: () => [root] };
    }
    return { subject, pod, targets: targets(() => '127.0.0.1', PEER_PORTS), roots: () => [root] };
  }

  async #startPeer(pod: string, command: readonly string[]): Promise<number> {
    const peer = await this.spawn(pod, [...ON_MEASURED_CORE, ...command]);
    this.#peers.push(peer);
    if (peer.pid === undefined) throw new Error(`\`${command.join(' ')}\` did not start`);
    return peer.pid;
  }

  async #expectStatus({ subject, pod, targets }: Standing, expected: Expected): Promise<void> {
    const { protocol, path, status } = expected;
    const { host, port } = targets[protocol];
    const argv = [
      ...['curl', '--silent', '--output', '/dev/null', '--write-out', '%{http_code}'],
      ...(protocol === 'h2c' ? ['--http2-prior-knowledge'] : []),
      `http://${host}:${port}${path}`,
    ];
    let answer = '';
    const ask = async () => {
      answer = (await this.#sandbox.exec(pod, argv)).stdout;
      return answer === String(status);
    };
    if (await eventually(ask, { withinMs: READY_TIMEOUT_MS })) return;
    throw new Error(`${subject.name} answers ${protocol} ${path} with ${answer}, expected ${status}`);
  }

  /** All of them are in force, and nothing is left to do about them while others are measured. */
  async #policiesAccepted(): Promise<void> {
    const accepted = '{.items[*].status.conditions[?(@.type=="Accepted")].status}';
    const ask = async () => {
      const argv = ['get', 'apipolicies', '--namespace', NAMESPACE, '--output', `jsonpath=${accepted}`];
      const { stdout } = await this.#sandbox.kubectl(argv);
      return stdout.split(' ').filter((status) => status === 'True').length === POLICIES;
    };
    if (await eventually(ask, { withinMs: READY_TIMEOUT_MS, everyMs: 200 })) return;
    throw new Error(`the agent has not accepted all ${POLICIES} policies`);
  }

  async #serviceIp(service: string): Promise<string> {
    const { stdout } = await this.#sandbox.kubectl([
      ...['get', 'service', service, '--namespace', NAMESPACE],
      ...['--output', 'jsonpath={.spec.clusterIP}'],
    ]);
    return stdout.trim();
  }
}
