import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type FakeAgent, fakeAgent } from '../../../testing/agent-link.ts';
import { aFinding } from '../../../testing/findings.ts';
import { flowRecord } from '../../../testing/flow-record.ts';
import { anAsking } from '../../../testing/terminal.ts';
import { type Served, serve } from '../../sandbox/kube-api/testing/serve.ts';
import { watchFindings } from '../findings.ts';
import { tail } from '../tail.ts';
import { EXIT } from '../terminal.ts';
import { kubeFleet } from './kube-fleet.ts';

/** Streams through a kube API that forwards ports over WebSockets, to two agents that can be killed and started again. */

const PATIENCE = { timeout: 20_000, interval: 10 };
const LABELS = { 'app.kubernetes.io/name': 'eastwall', 'app.kubernetes.io/component': 'agent' };

class Agent {
  readonly kept: object[] = [];
  readonly #server: FakeAgent;
  readonly #streams: Set<ServerResponse>;
  up = true;

  private constructor(server: FakeAgent, streams: Set<ServerResponse>) {
    this.#server = server;
    this.#streams = streams;
  }

  static async start(): Promise<Agent> {
    const streams = new Set<ServerResponse>();
    const server = await fakeAgent('', (_, response) => {
      streams.add(response);
      response.flushHeaders();
      for (const one of agent.kept) response.write(`${JSON.stringify(one)}\n`);
    });
    const agent = new Agent(server, streams);
    return agent;
  }

  async dial() {
    if (!this.up) throw new Error('connect ECONNREFUSED');
    const socket = connect(this.#server.port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  }

  tell(one: object): void {
    this.kept.push(one);
    for (const stream of this.#streams) stream.write(`${JSON.stringify(one)}\n`);
  }

  kill(): void {
    this.up = false;
    this.#streams.clear();
    this.#server.drop();
  }

  close(): void {
    this.#server.close();
  }
}

let agents: Readonly<Record<'a' | 'b', Agent>>;
let cluster: Served;
beforeEach(async () => {
  agents = { a: await Agent.start(), b: await Agent.start() };
  cluster = await serve({}, {}, { dial: async ({ name }) => (name === 'a' ? agents.a : agents.b).dial() });
  for (const name of ['a', 'b']) {
    const metadata = { namespace: 'default', name, labels: LABELS };
    const spec = { nodeName: `node-${name}`, containers: [{ name: 'agent', image: 'none' }] };
    cluster.store.apply({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
    const stored = cluster.store.get('pods', 'default', name);
    if (stored !== undefined)
      cluster.store.update('pods', { ...stored, status: { phase: 'Running' } }, { subresource: 'status' });
  }
});
afterEach(async () => {
  for (const agent of Object.values(agents)) agent.close();
  await cluster.api.close();
});

const ids = (out: string): string[] =>
  out.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { id: string }).id]));

it('tail has both nodes in one order, names the one that was killed, and has what it says when it is back', async () => {
  const ending = new AbortController();
  const { asking, written } = anAsking(kubeFleet({}, cluster.config), ending);
  agents.a.tell(flowRecord({ id: 'a-1', time: 1_000_100 }));
  agents.b.tell(flowRecord({ id: 'b-1', time: 1_000_200 }));
  agents.a.tell(flowRecord({ id: 'a-2', time: 1_000_300 }));
  const tailing = tail(asking, { follow: true, json: true, since: '1970-01-01T00:00:00Z' });
  await vi.waitFor(() => expect(ids(written.out)).toEqual(['a-1', 'b-1', 'a-2']), PATIENCE);
  agents.b.kill();
  await vi.waitFor(
    () => expect(written.error).toContain('agent on node-b (default/b): error forwarding'),
    PATIENCE,
  );
  agents.a.tell(flowRecord({ id: 'a-3', time: 1_000_400 }));
  await vi.waitFor(() => expect(ids(written.out)).toContain('a-3'), PATIENCE);
  agents.b.up = true;
  agents.b.tell(flowRecord({ id: 'b-2', time: 1_000_500 }));
  await vi.waitFor(() => expect(ids(written.out)).toEqual(['a-1', 'b-1', 'a-2', 'a-3', 'b-2']), PATIENCE);
  ending.abort();
  expect(await tailing).toBe(EXIT.ok);
  expect(written.error.match(/agent on/g)).toHaveLength(1);
});

it('findings -w goes on with one node, and ends as partial when the other is not back', async () => {
  const ending = new AbortController();
  const { asking, written } = anAsking(kubeFleet({}, cluster.config), ending);
  agents.a.tell(aFinding({ id: 'ef-a', node: 'node-a' }));
  agents.b.tell(aFinding({ id: 'ef-b', node: 'node-b' }));
  const watching = watchFindings(asking, { output: 'json' });
  await vi.waitFor(() => expect(ids(written.out).sort()).toEqual(['ef-a', 'ef-b']), PATIENCE);
  agents.b.kill();
  await vi.waitFor(() => expect(written.error).toContain('agent on node-b'), PATIENCE);
  agents.a.tell(aFinding({ id: 'ef-c', node: 'node-a' }));
  await vi.waitFor(() => expect(ids(written.out)).toContain('ef-c'), PATIENCE);
  ending.abort();
  expect(await watching).toBe(EXIT.partial);
});
