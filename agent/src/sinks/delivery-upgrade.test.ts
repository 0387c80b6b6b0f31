import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

/** Two processes, as the two agents of an upgrade, with one spool directory. */

const AGENT = fileURLToPath(new URL('../../testing/delivering.ts', import.meta.url));
const PATIENCE = { timeout: 30_000, interval: 20 };

let directory = '';
let receiver: Server;
let takes = true;
let received: string[] = [];
let refused: string[] = [];
const agents: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'upgrade-'));
  received = [];
  refused = [];
  takes = true;
  receiver = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const events = JSON.parse(Buffer.concat(parts).toString()) as string[];
    if (takes) received.push(...events);
    else refused.push(...events.slice(0, 1));
    response.writeHead(takes ? 200 : 503).end();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.kill('SIGKILL');
  receiver.close();
  await rm(directory, { recursive: true, force: true });
});

function agentNamed(name: string): ChildProcess {
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const agent = spawn(process.execPath, [AGENT, directory, url, name], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  agents.push(agent);
  return agent;
}

/** How many events it has had; none of them was dropped. */
async function stopped(agent: ChildProcess): Promise<number> {
  let said = '';
  agent.stdout?.on('data', (text: Buffer) => {
    said += text.toString();
  });
  agent.kill('SIGTERM');
  await once(agent, 'close');
  const [events, dropped] = said.split(' ').map(Number);
  expect(dropped).toBe(0);
  return events ?? 0;
}

/** Takes nothing more, and these know it: nothing of theirs is on its way to be taken. */
async function refusing(...names: readonly string[]): Promise<void> {
  takes = false;
  refused = [];
  const times = (name: string) => refused.filter((event) => event.startsWith(`${name}-`)).length;
  await vi.waitFor(() => expect(Math.min(...names.map(times))).toBeGreaterThan(1), PATIENCE);
}

const from = (name: string) => received.filter((event) => event.startsWith(`${name}-`));
const eventsOf = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name}-${n}`);

it('the new agent delivers what the old one leaves, while it delivers its own: all of it, in order, nothing twice', async () => {
  const old = agentNamed('old');
  await vi.waitFor(() => expect(from('old').length).toBeGreaterThan(20), PATIENCE);
  const next = agentNamed('next');
  await vi.waitFor(() => expect(from('next').length).toBeGreaterThan(20), PATIENCE);
  expect(await readdir(directory)).toHaveLength(2);
  await refusing('old', 'next');
  const before = received.length;
  const ofOld = await stopped(old);
  expect(from('old').length).toBeLessThan(ofOld);
  expect(received.length).toBe(before);
  takes = true;
  await vi.waitFor(() => expect(from('old').length).toBe(ofOld), PATIENCE);
  await refusing('next');
  const ofNext = await stopped(next);
  takes = true;
  const last = agentNamed('last');
  await vi.waitFor(() => expect(from('next').length).toBe(ofNext), PATIENCE);
  await stopped(last);
  expect(from('old')).toEqual(eventsOf('old', ofOld));
  expect(from('next')).toEqual(eventsOf('next', ofNext));
});
