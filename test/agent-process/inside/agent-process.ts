import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentStatus } from '../../../agent/src/admin/agent-status.ts';
import { fetchText } from '../../../agent/src/cli/fleet/admin-client.ts';
import { socketLink } from '../../../agent/src/cli/fleet/socket-fleet.ts';
import { type KubeApi, startKubeApi } from '../../../agent/src/sandbox/kube-api/start-kube-api.ts';
import { ObjectStore } from '../../../agent/src/sandbox/kube-api/store.ts';

const MAIN = fileURLToPath(new URL('../../../agent/src/cli/main.ts', import.meta.url));

const TOKEN = 'agent-token';

const kubeconfig = (server: string): string =>
  JSON.stringify({
    clusters: [{ name: 'c', cluster: { server, 'certificate-authority': 'ca.pem' } }],
    users: [{ name: 'u', user: { token: TOKEN } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });

/** A kube API and a directory for the agents of one node. */
export class Node implements AsyncDisposable {
  readonly store = new ObjectStore();
  readonly directory = mkdtempSync(join(tmpdir(), 'eastwall-agent-'));
  readonly runDir = join(this.directory, 'run');
  readonly #agents: AgentProcess[] = [];
  #api: KubeApi | null = null;
  #port = 0;

  constructor() {
    mkdirSync(join(this.directory, 'netns'));
  }

  /** On the same port each time. */
  async startApi(): Promise<void> {
    this.#api = await startKubeApi({
      store: this.store,
      host: '127.0.0.1',
      port: this.#port,
      tokens: [{ token: TOKEN, name: 'agent', groups: [] }],
    });
    this.#port = Number(new URL(this.#api.url).port);
    // The authority by its file, as in a pod: a server that comes back has another one, and the file is read again.
    writeFileSync(join(this.directory, 'ca.pem'), this.#api.caPem);
    writeFileSync(this.kubeconfig, kubeconfig(this.#api.url));
  }

  async stopApi(): Promise<void> {
    await this.#api?.close();
    this.#api = null;
  }

  get kubeconfig(): string {
    return join(this.directory, 'kubeconfig');
  }

  startAgent(...flags: readonly string[]): AgentProcess {
    const agent = new AgentProcess(this, flags);
    this.#agents.push(agent);
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.kill('SIGKILL')));
    await this.stopApi();
    rmSync(this.directory, { recursive: true });
  }
}

/** For one answer of an agent: an end to a hang. */
const ANSWER_MS = 10_000;

/** One real agent, started as an operator would. */
export class AgentProcess {
  readonly #process: ChildProcess;
  readonly #socket: string;
  readonly #exited: Promise<unknown>;
  readonly #closed: Promise<unknown>;
  output = '';

  constructor(node: Node, flags: readonly string[]) {
    this.#socket = join(node.runDir, 'admin.sock');
    const places = [
      '--node',
      'node-1',
      '--netns-dir',
      join(node.directory, 'netns'),
      '--run-dir',
      node.runDir,
    ];
    const cluster = [
      '--kubeconfig',
      node.kubeconfig,
      '--metrics-address',
      '127.0.0.1:0',
      '--admin-address',
      '127.0.0.1:0',
    ];
    const args = [MAIN, 'agent', ...places, ...cluster, '--dataplanes', '2', ...flags];
    this.#process = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#exited = once(this.#process, 'exit');
    this.#closed = once(this.#process, 'close');
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The exit code, or the signal that ended it. */
  async kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    this.#process.kill(signal);
    return this.ended();
  }

  async ended(): Promise<number | NodeJS.Signals | null> {
    await this.#exited;
    return this.#process.exitCode ?? this.#process.signalCode;
  }

  /** Everything it has said: its end may be heard of before its last words. */
  async lastWords(): Promise<string> {
    await this.#closed;
    return this.output;
  }

  async ask(path: string): Promise<string> {
    const answer = await fetchText(socketLink(this.#socket), path, AbortSignal.timeout(ANSWER_MS));
    return answer.ok ? answer.value.body : answer.error;
  }

  async status(): Promise<AgentStatus> {
    return JSON.parse(await this.ask('/status')) as AgentStatus;
  }
}

/** Processes of any parent that run the dataplane's sources; everything here has its own /proc. */
export function dataplanePids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => /roles\/dataplane\.ts\0/.test(commandLine(pid)));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
