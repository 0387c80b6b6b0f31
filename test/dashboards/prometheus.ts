import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { eventuallyAsync } from '../support/agent.ts';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface RuleState {
  readonly name: string;
  readonly health: string;
  readonly lastError?: string;
  readonly alerts: readonly { readonly annotations: Readonly<Record<string, string>> }[];
}

export interface PrometheusOptions {
  /** The metrics of the agent of a node. */
  readonly metrics: (node: string) => Promise<string>;
  readonly nodes: readonly string[];
  /** Nodes at whose address nobody answers. */
  readonly absent: readonly string[];
  readonly rules: string;
}

/** Debian's Prometheus; it scrapes agents every second, with the labels that a PodMonitor would give. */
export class Prometheus {
  readonly #folder: string;
  readonly #bridge: Server;
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(parts: { folder: string; bridge: Server; process: ChildProcess; url: string }) {
    this.#folder = parts.folder;
    this.#bridge = parts.bridge;
    this.#process = parts.process;
    this.#url = parts.url;
  }

  static async start(options: PrometheusOptions): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'eastwall-prometheus-'));
    const bridge = await bridgeTo(options.metrics);
    const port = await freePort();
    const config = join(folder, 'prometheus.yaml');
    writeFileSync(config, stringify(configOf(options, (bridge.address() as AddressInfo).port)));
    const process = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const prometheus = new Prometheus({ folder, bridge, process, url: `http://127.0.0.1:${port}` });
    await eventuallyAsync(() => prometheus.query('vector(1)'));
    return prometheus;
  }

  /** Throws when Prometheus does not understand it. */
  async query(query: string): Promise<readonly Sample[]> {
    const { result } = await this.#get<{ result: Sample[] }>(`/query?${new URLSearchParams({ query })}`);
    return result;
  }

  async rules(): Promise<readonly RuleState[]> {
    const { groups } = await this.#get<{ groups: { rules: RuleState[] }[] }>('/rules');
    return groups.flatMap(({ rules }) => rules);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    this.#bridge.closeAllConnections();
    this.#bridge.close();
    rmSync(this.#folder, { recursive: true });
  }

  async #get<Data>(path: string): Promise<Data> {
    const answer = await fetch(`${this.#url}/api/v1${path}`);
    const body = (await answer.json()) as { status: string; error?: string; data: Data };
    if (body.status !== 'success') throw new Error(`${decodeURIComponent(path)}: ${body.error}`);
    return body.data;
  }
}

/** Agents of a sandbox are reached at sockets, which Prometheus does not scrape: `/<node>` passes their answers on. */
async function bridgeTo(metrics: PrometheusOptions['metrics']): Promise<Server> {
  const bridge = createServer((request, response) => {
    metrics(request.url?.slice(1) ?? '').then(
      (text) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(text),
      () => response.writeHead(502).end(),
    );
  });
  await new Promise<void>((resolve) => bridge.listen(0, '127.0.0.1', resolve));
  return bridge;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function configOf({ nodes, absent, rules }: PrometheusOptions, bridge: number): object {
  const target = (node: string, address: string) => ({
    targets: [address],
    labels: {
      node,
      namespace: 'eastwall-system',
      pod: `eastwall-${node}`,
      container: 'agent',
      __metrics_path__: `/${node}`,
    },
  });
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [rules],
    scrape_configs: [
      {
        job_name: 'eastwall',
        static_configs: [
          ...nodes.map((node) => target(node, `127.0.0.1:${bridge}`)),
          ...absent.map((node) => target(node, '127.0.0.1:1')),
        ],
      },
    ],
  };
}
