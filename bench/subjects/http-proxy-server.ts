import { Agent, createServer } from 'node:http';
import httpProxy from 'http-proxy';
import { ALLOWED } from '../load/operations.ts';

// `node http-proxy-server.ts <port> <target>`: the way most Node services forward HTTP, with the same access rules.

const [port, target] = process.argv.slice(2);

const rules = ALLOWED.map(({ method, pattern }) => ({ method, path: new RegExp(`^${pattern}$`) }));
const proxy = httpProxy.createProxyServer({ target, agent: new Agent({ keepAlive: true }) });

proxy.on('error', (_error, _request, response) => response.destroy());

const server = createServer((request, response) => {
  const allowed = rules.some(({ method, path }) => request.method === method && path.test(request.url ?? ''));
  if (allowed) proxy.web(request, response);
  else response.writeHead(403).end();
});
server.keepAliveTimeout = 3_600_000;
server.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
