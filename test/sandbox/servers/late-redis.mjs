// A Redis whose answers come late: passes bytes to a real one, and holds its answers for as long as was asked for.
// `GET /?ms=5000` at port 8099 changes that for the answers to come. `GET /hang` has the real one stand still, so that
// connections are made and nothing is answered, `GET /die` kills it with all it knew, so that connections are refused, and
// `GET /live` ends either.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { connect, createServer } from 'node:net';

const REDIS = 6380;
let lateMs = 0;
let redis = startRedis();
const clients = new Set();

createHttp(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://x');
  if (pathname === '/hang') redis.kill('SIGSTOP');
  else if (pathname === '/die') await die();
  else if (pathname === '/live') await live();
  else lateMs = Number(searchParams.get('ms'));
  response.end(`${pathname} ${lateMs}\n`);
}).listen(8099, '::');

const proxy = createServer((client) => {
  clients.add(client);
  const server = connect(REDIS, '127.0.0.1');
  client.on('data', (bytes) => server.write(bytes));
  server.on('data', (bytes) =>
    lateMs === 0 ? client.write(bytes) : setTimeout(() => client.write(bytes), lateMs),
  );
  for (const [one, other] of [
    [client, server],
    [server, client],
  ]) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
  client.on('close', () => clients.delete(client));
});
proxy.listen(6379, '::');

function startRedis() {
  const args = ['--port', `${REDIS}`, '--save', '', '--bind', '127.0.0.1'];
  return spawn('redis-server', args, { stdio: 'ignore' });
}

async function die() {
  const gone = once(redis, 'exit');
  redis.kill('SIGKILL');
  await gone;
  const closed = once(proxy, 'close');
  proxy.close();
  for (const client of clients) client.resetAndDestroy();
  await closed;
}

async function live() {
  redis.kill('SIGCONT');
  if (redis.signalCode === null) return;
  redis = startRedis();
  proxy.listen(6379, '::');
}
