import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import type { Result } from '../kernel/result.ts';
import { connectKube, type KubeClient } from './client.ts';
import type { KubeFailure } from './failure.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const kubeconfig = (server: string) => `
apiVersion: v1
kind: Config
current-context: test
clusters: [{ name: test, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: agent, user: { token: secret-token } }]
contexts: [{ name: test, context: { cluster: test, user: agent } }]
`;

const clientFor = (server: string, timeoutMs?: number) => clientOf(kubeconfig(server), timeoutMs);

function clientOf(text: string, timeoutMs = 30_000): KubeClient {
  const folder = mkdtempSync(join(tmpdir(), 'eastwall-kubeconfig-'));
  const path = join(folder, 'config');
  writeFileSync(path, text);
  try {
    return connectKube({ kubeconfig: path, clock: systemClock, timeoutMs });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function serving(handler: Handler, timeoutMs?: number) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { client: clientFor(`http://127.0.0.1:${port}/`, timeoutMs), [Symbol.asyncDispose]: close };
}

const never = new AbortController().signal;
const watchCall = { query: { watch: 'true' }, signal: never, idleMs: 30_000 };
const status = (code: number, reason: string, message: string) =>
  JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message });

async function collect<T>(source: AsyncIterable<Result<T, KubeFailure>>): Promise<(T | KubeFailure)[]> {
  const all: (T | KubeFailure)[] = [];
  for await (const item of source) all.push(item.ok ? item.value : item.error);
  return all;
}

test('reads with the query and token given', async () => {
  await using kube = await serving((request, response) => {
    response.end(JSON.stringify({ url: request.url, token: request.headers.authorization }));
  });
  expect(
    await kube.client.get('/api/v1/pods', { fieldSelector: 'spec.nodeName=n 1', limit: '2' }, never),
  ).toEqual({
    ok: true,
    value: { url: '/api/v1/pods?fieldSelector=spec.nodeName%3Dn+1&limit=2', token: 'Bearer secret-token' },
  });
});

test('sends a merge patch', async () => {
  await using kube = await serving(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    response.end(JSON.stringify({ method: request.method, type: request.headers['content-type'], body }));
  });
  expect(await kube.client.mergePatch('/x/status', { a: null }, never)).toEqual({
    ok: true,
    value: { method: 'PATCH', type: 'application/merge-patch+json', body: '{"a":null}' },
  });
  expect(await kube.client.create('/x', { a: 1 }, never)).toEqual({
    ok: true,
    value: { method: 'POST', type: 'application/json', body: '{"a":1}' },
  });
});

test.each([
  [
    'a Status',
    403,
    status(403, 'Forbidden', 'pods is forbidden'),
    { status: 403, reason: 'Forbidden', message: 'pods is forbidden' },
  ],
  [
    'a page of a proxy',
    502,
    '<html>',
    { status: 502, reason: 'Unknown', message: 'the kube API answered 502' },
  ],
  ['success without JSON', 200, '<html>', expect.objectContaining({ status: 0, reason: 'BadAnswer' })],
])('tells why a read failed: %s', async (_, code, body, error) => {
  await using kube = await serving((_request, response) => response.writeHead(code).end(body));
  expect(await kube.client.get('/', {}, never)).toEqual({ ok: false, error });
});

test('tells that nobody listens', async () => {
  let client: KubeClient;
  {
    await using gone = await serving(() => undefined);
    client = gone.client;
  }
  const failure = { status: 0, reason: 'Unreachable', message: expect.stringContaining('ECONNREFUSED') };
  expect(await client.get('/', {}, never)).toEqual({ ok: false, error: failure });
  expect(await collect(client.watch('/', watchCall))).toEqual([failure]);
});

test('does not wait for ever for an answer', async () => {
  await using kube = await serving(() => undefined, 50);
  expect(await kube.client.get('/', {}, never)).toMatchObject({
    ok: false,
    error: { reason: 'Unreachable' },
  });
  expect(await collect(kube.client.watch('/', watchCall))).toMatchObject([{ reason: 'Unreachable' }]);
});

const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`;

test('yields the events of a watch until the server closes it', async () => {
  await using kube = await serving((_, response) => {
    const text = line('ADDED', { n: 1 }) + line('BOOKMARK', { n: 2 }) + line('DELETED', { n: 3 });
    response.write(text.slice(0, 20));
    response.end(text.slice(20));
  });
  expect(await collect(kube.client.watch('/', watchCall))).toEqual([
    { type: 'OPENED', object: null },
    { type: 'ADDED', object: { n: 1 } },
    { type: 'BOOKMARK', object: { n: 2 } },
    { type: 'DELETED', object: { n: 3 } },
  ]);
});

test.each([
  [
    'an error event',
    line('ERROR', JSON.parse(status(410, 'Expired', 'too old'))),
    { status: 410, reason: 'Expired', message: 'too old' },
  ],
  ['something else than JSON', 'nonsense\n', expect.objectContaining({ reason: 'BadAnswer' })],
  ['an unknown event', line('EXPLODED', {}), expect.objectContaining({ reason: 'BadAnswer' })],
])('ends a watch at %s', async (_, text, failure) => {
  await using kube = await serving((_request, response) => response.end(text + line('ADDED', {})));
  expect(await collect(kube.client.watch('/', watchCall))).toEqual([
    { type: 'OPENED', object: null },
    failure,
  ]);
});

test('tells of a watch that breaks off', async () => {
  await using kube = await serving((_, response) => {
    response.write(line('ADDED', {}), () => response.destroy());
  });
  expect(await collect(kube.client.watch('/', watchCall))).toMatchObject([
    { type: 'OPENED' },
    { type: 'ADDED' },
    { status: 0, reason: 'Unreachable' },
  ]);
});

test('notices a watch that has gone silent', async () => {
  await using kube = await serving((_, response) => {
    response.write(line('ADDED', {}));
  });
  expect(await collect(kube.client.watch('/', { ...watchCall, idleMs: 50 }))).toMatchObject([
    { type: 'OPENED' },
    { type: 'ADDED' },
    { status: 0, reason: 'Idle' },
  ]);
});

test('lets go of a watch when its reader stops', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  await using kube = await serving((_, response) => {
    closed = once(response, 'close');
    response.write(line('ADDED', {}));
  });
  for await (const _ of kube.client.watch('/', watchCall)) break;
  await closed;
});

test.each([
  ['without a server', kubeconfig(''), 'server is missing'],
  [
    'without the current context',
    kubeconfig('https://x').replace('current-context: test', 'current-context: other'),
    'names no cluster',
  ],
  // One line: where YAML is wrong is said, and not drawn.
  ['that is no YAML', ': {', /^kubeconfig `.+`: .+ \(\d+:\d+\)$/],
])('a kubeconfig %s is refused', (_, text, message) => {
  expect(() => clientOf(text)).toThrow(message);
});

test('a kubeconfig that does not exist is refused by name', () => {
  expect(() => connectKube({ kubeconfig: '/nowhere/config', clock: systemClock })).toThrow(
    /^kubeconfig `\/nowhere\/config`: there is no such file$/,
  );
});
