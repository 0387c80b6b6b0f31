import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { agentStatus } from '../../testing/agent-status.ts';
import { deniedRecord, flowRecord } from '../../testing/flow-record.ts';
import { ServiceLabels } from '../identity/service-labels.ts';
import { Catalog } from '../sinks/catalog.ts';
import { FindingLog } from '../sinks/finding-log.ts';
import { FlowLog } from '../sinks/flow-log.ts';
import { registerAgentMetrics } from './agent-metrics.ts';
import type { DepartureState } from './departure-state.ts';
import { Readiness } from './readiness.ts';
import { type AdminServer, isAnswered, startAdmin } from './server.ts';

const PATIENCE = { timeout: 10_000, interval: 10 };

interface Target {
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
}

/** The answer as it begins to arrive. */
function ask(target: Target, path: string, method = 'GET'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ ...target, path, method, agent: false }, resolve)
      .on('error', reject)
      .end();
  });
}

async function read(target: Target, path: string, method?: string): Promise<[status: number, body: string]> {
  const response = await ask(target, path, method);
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  return [response.statusCode ?? 0, body];
}

describe('the admin server', () => {
  const opened: { server: AdminServer; directory: string }[] = [];
  afterEach(async () => {
    for (const { server, directory } of opened.splice(0)) {
      await server.close();
      rmSync(directory, { recursive: true });
    }
  });

  async function setUp({ maxSubscribers = 2, queue = 1_000 } = {}) {
    const directory = mkdtempSync(join(tmpdir(), 'eastwall-admin-'));
    const socketPath = join(directory, 'run', 'admin.sock');
    const wantsAll: boolean[] = [];
    const flows = new FlowLog({ capacity: 100, maxSubscribers, queue }, (on) => wantsAll.push(on));
    const findings = new FindingLog({ capacity: 10, maxSubscribers: 1 });
    const readiness = new Readiness(['kube']);
    const departure = { state: { state: 'here' } as DepartureState };
    const registry = new Registry();
    registerAgentMetrics(registry, agentStatus);
    const server = await startAdmin({
      socketPath,
      address: { host: '127.0.0.1', port: 0 },
      forwardAddress: { host: '127.0.0.1', port: 0 },
      sources: {
        status: agentStatus,
        readiness,
        departure: () => departure.state,
        flows,
        services: new ServiceLabels(),
        findings,
        catalog: new Catalog(10),
        metrics: () => registry.metrics(),
        metricsType: registry.contentType,
      },
    });
    opened.push({ server, directory });
    await server.claim();
    const tcp = server.address ?? {};
    const forward: Target = server.forwardAddress ?? {};
    return { flows, findings, readiness, departure, wantsAll, socket: { socketPath }, tcp, forward };
  }

  it('answers on its forward address what the socket answers', async () => {
    const { forward, socket } = await setUp();
    expect(await read(forward, '/findings')).toEqual(await read(socket, '/findings'));
    const asked = await fetch(`http://127.0.0.1:${forward.port}/status`, { method: 'POST' });
    expect(asked.status).toBe(405);
  });

  it('is not asked there by another name than its own, which a page of another site would do', async () => {
    const { forward } = await setUp();
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request({ ...forward, path: '/status', headers: { host: 'rebound.example' } }, resolve)
        .on('error', reject)
        .end();
    });
    response.resume();
    expect(response.statusCode).toBe(403);
  });

  it.skipIf(process.getuid?.() !== 0)('does not answer other users there', async () => {
    const { forward } = await setUp();
    const ask = `exec 3<>/dev/tcp/127.0.0.1/${forward.port}; printf 'GET /status HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3; head -1 <&3`;
    const firstLine = async (...prefix: string[]) => {
      const [program = '', ...args] = [...prefix, 'bash', '--norc', '-c', ask];
      return (await promisify(execFile)(program, args)).stdout;
    };
    expect(await firstLine('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')).toContain(' 403 ');
    expect(await firstLine('env')).toContain(' 200 ');
  });

  it('is open to its own user only', async () => {
    const { socket } = await setUp();
    expect(statSync(socket.socketPath).mode & 0o777).toBe(0o600);
    expect(statSync(join(socket.socketPath, '..')).mode & 0o777).toBe(0o700);
  });

  it('answers probes and metrics over TCP, and nothing about flows', async () => {
    const { readiness, tcp } = await setUp();
    expect(await read(tcp, '/livez')).toEqual([200, 'ok\n']);
    expect(await read(tcp, '/readyz')).toEqual([503, 'waiting for kube\n']);
    readiness.done('kube');
    expect(await read(tcp, '/readyz')).toEqual([200, 'ready\n']);
    const [status, metrics] = await read(tcp, '/metrics');
    expect(status).toBe(200);
    expect(metrics).toContain('eastwall_pods{state="enrolled",cause="none"} 1\n');
    expect(metrics).toContain('eastwall_dataplane_restarts_total{dataplane="0"} 3\n');
    for (const path of ['/status', '/flows', '/explain/ew-1']) expect((await read(tcp, path))[0]).toBe(404);
  });

  it('says how far the agent is with leaving its pods', async () => {
    const { departure, tcp } = await setUp();
    expect(await read(tcp, '/gone')).toEqual([503, 'here\n']);
    departure.state = { state: 'stuck', problem: '`cni-1`: EPERM' };
    expect(await read(tcp, '/gone')).toEqual([503, 'rules are left behind: `cni-1`: EPERM\n']);
    departure.state = { state: 'left' };
    expect(await read(tcp, '/gone')).toEqual([200, 'left all pods\n']);
  });

  it('asks for the token where there is one, of scrapes only', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'eastwall-admin-'));
    const metricsTokenFile = join(directory, 'token');
    const sources = {
      readiness: new Readiness(['kube']),
      metrics: async () => 'up 1\n',
      metricsType: 'text/plain',
    };
    const server = await startAdmin({
      socketPath: join(directory, 'admin.sock'),
      address: { host: '', port: 0 },
      metricsTokenFile,
      sources: sources as never,
    });
    opened.push({ server, directory });
    const port = server.address?.port ?? 0;
    const scrape = async (authorization?: string) => {
      const headers = authorization === undefined ? {} : { authorization };
      const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
      return [response.status, await response.text()];
    };
    const refused = [401, expect.stringContaining('--metrics-token-file')];
    // No file yet: nobody gets in.
    expect(await scrape('Bearer ')).toEqual(refused);
    writeFileSync(metricsTokenFile, '0123456789abcdef\n');
    expect(await scrape()).toEqual(refused);
    expect(await scrape('Bearer 0123456789abcdeX')).toEqual(refused);
    expect(await scrape('Basic 0123456789abcdef')).toEqual(refused);
    expect(await scrape('Bearer 0123456789abcdef')).toEqual([200, 'up 1\n']);
    writeFileSync(metricsTokenFile, '');
    expect(await scrape('Bearer 0123456789abcdef')).toEqual(refused);
    expect((await read({ host: '127.0.0.1', port }, '/livez'))[0]).toBe(200);
  });

  it.each([
    ['/explain/ew-nobody', 'GET', 404],
    ['/explain/%ff', 'GET', 404],
    ['/flows?since=yesterday', 'GET', 400],
    ['/flows?colour=red', 'GET', 400],
    ['/status', 'POST', 405],
    ['//', 'GET', 400],
  ])('answers %s (%s) with %i', async (path, method, status) => {
    const { socket } = await setUp();
    expect((await read(socket, path, method))[0]).toBe(status);
  });

  it('explains a record by its id', async () => {
    const { flows, socket } = await setUp();
    flows.append([deniedRecord({ id: 'ew-42' })]);
    const [status, body] = await read(socket, '/explain/ew-42');
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      record: { id: 'ew-42' },
      explanation: { sentence: expect.stringMatching(/^denied: policy `shop\/orders`/) },
    });
  });

  it('sends what is kept, then what comes, and stops asking for everything when the reader has gone', async () => {
    const { flows, wantsAll, socket } = await setUp();
    flows.append([1, 2, 3].map((time) => flowRecord({ id: `ew-${time}`, time })));
    const response = await ask(socket, '/flows?all=1&since=2');
    const ids: string[] = [];
    for await (const chunk of response.setEncoding('utf8')) {
      for (const line of String(chunk).trim().split('\n')) ids.push(JSON.parse(line).id);
      if (ids.length === 2) flows.append([flowRecord({ id: 'ew-live', time: 9 })]);
      if (ids.length === 3) break;
    }
    expect(ids).toEqual(['ew-2', 'ew-3', 'ew-live']);
    await vi.waitFor(() => expect(wantsAll).toEqual([true, false]), PATIENCE);
  });

  it('ends after what is kept when nobody wants to follow', async () => {
    const { flows, socket } = await setUp();
    flows.append([flowRecord(), deniedRecord({ id: 'ew-denied' })]);
    const [, body] = await read(socket, '/flows?follow=0&since=0');
    expect(
      body
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual(['ew-denied']);
  });

  it('holds a bounded number of records for a reader who has stopped, and tells it how many were lost', async () => {
    const { flows, socket } = await setUp({ queue: 50 });
    const response = await ask(socket, '/flows?all=1');
    const path = `/${'p'.repeat(1_000)}`;
    let sent = 0;
    // Nobody reads: the sockets' buffers fill first, then the queue, then records are lost.
    await vi.waitFor(() => {
      for (let burst = 0; burst < 500; burst++) flows.append([flowRecord({ id: `ew-${sent++}`, path })]);
      expect(flows.counts.dropped).toBeGreaterThan(0);
    }, PATIENCE);
    let seen = 0;
    let lost = 0;
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { dropped } = JSON.parse(line) as { dropped?: number };
        if (dropped === undefined) seen++;
        else lost += dropped;
      }
      if (seen + lost === sent) break;
    }
    expect(lost).toBe(flows.counts.dropped);
  });

  it('refuses one stream more than it may have', async () => {
    const { socket } = await setUp({ maxSubscribers: 1 });
    const first = await ask(socket, '/flows');
    expect(await read(socket, '/flows')).toEqual([
      503,
      'as many streams are open as may be (`--max-tails`)\n',
    ]);
    first.destroy();
  });

  it('passes the socket on to the next agent without a moment in which nobody answers', async () => {
    const { readiness, socket } = await setUp();
    readiness.done('kube');
    const next = await startAdmin({
      ...socket,
      address: null,
      sources: { readiness: new Readiness(['kube']) } as never,
    });
    expect(await read(socket, '/readyz')).toEqual([200, 'ready\n']);
    const reader = await ask(socket, '/flows');
    await next.claim();
    opened[0]?.server.cede();
    expect(await read(socket, '/readyz')).toEqual([503, 'waiting for kube\n']);
    // Who follows the flows of the last connections goes on doing so.
    expect(reader.destroyed).toBe(false);
    await opened[0]?.server.close();
    expect(await read(socket, '/readyz')).toEqual([503, 'waiting for kube\n']);
    await next.close();
    expect(existsSync(socket.socketPath)).toBe(false);
  });

  it('takes its socket back from an agent that has ended', async () => {
    const { readiness, socket } = await setUp();
    readiness.done('kube');
    const next = await startAdmin({ ...socket, address: null, sources: {} as never });
    await next.claim();
    await next.close();
    await opened[0]?.server.claim();
    expect(await read(socket, '/readyz')).toEqual([200, 'ready\n']);
  });

  it('takes over the socket that a killed agent left, and answers what breaks', async () => {
    const { socket } = await setUp();
    const stale = `${socket.socketPath}.stale`;
    renameSync(socket.socketPath, stale);
    await opened[0]?.server.close();
    expect(await isAnswered(stale)).toBe(false);
    const server = await startAdmin({
      socketPath: stale,
      address: null,
      sources: { metrics: broken } as never,
    });
    await server.claim();
    expect(await isAnswered(stale)).toBe(true);
    expect((await read({ socketPath: stale }, '/livez'))[0]).toBe(200);
    expect((await read({ socketPath: stale }, '/metrics'))[0]).toBe(500);
    await server.close();
  });
});

async function broken(): Promise<string> {
  throw new Error('broken');
}
