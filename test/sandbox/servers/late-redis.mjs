// A Redis whose answers come late: passes bytes to a real one, and holds its answers for as long as was asked for.
// `GET /?ms=5000` at port 8099 changes that for the answers to come.
import { spawn } from 'node:child_process';
import { createServer as createHttp } from 'node:http';
import { connect, createServer } from 'node:net';

const REDIS = 6380;
spawn('redis-server', ['--port', `${REDIS}`, '--save', '', '--bind', '127.0.0.1'], { stdio: 'ignore' });
let lateMs = 0;

createHttp((request, response) => {
  lateMs = Number(new URL(request.url, 'http://x').searchParams.get('ms'));
  response.end(`${lateMs}\n`);
}).listen(8099, '::');

createServer((client) => {
  const redis = connect(REDIS, '127.0.0.1');
  client.on('data', (bytes) => redis.write(bytes));
  redis.on('data', (bytes) =>
    lateMs === 0 ? client.write(bytes) : setTimeout(() => client.write(bytes), lateMs),
  );
  for (const [one, other] of [
    [client, redis],
    [redis, client],
  ]) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
}).listen(6379, '::');
