import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { Connection } from '../../agent/src/connection/connection.ts';
import { SpentPorts } from '../../agent/src/connection/spent-ports.ts';
import type { TcpHandle } from '../../agent/src/connection/tcp-handle.ts';
import { Bag } from '../../agent/src/kernel/bag.ts';
import { systemClock } from '../../agent/src/kernel/clock.ts';
import { closeFd } from '../../agent/src/kernel/libc.ts';
import { sendAtOnce, tcpSocket } from '../../agent/src/kernel/libc-sockets.ts';
import { wrkArgv } from '../load/wrk.ts';
import { dataplaneParts } from './dataplane-parts.ts';

/**
 * What a connection costs, and a request on a kept one: real sockets over loopback, with `wrk` before and a server behind
 * in processes of their own; no capture, no control. Prints CPU of this process per request, in user mode and in the
 * kernel, and what a request leaves to the garbage collector; the best of several rounds. Read the user mode: the kernel's
 * part is that of the peers, too. `node connections.bench.ts [kept|new]`
 */
const ROUNDS = 6;
const ROUND_SECONDS = 2;
const SMALL_GET = {
  tool: 'wrk',
  method: 'GET',
  path: '/v1/items/7',
  connections: 32,
  bodyBytes: 0,
} as const;

const SERVER = `
  const body = '{"id":7,"name":"an item","price":"12.50","currency":"EUR"}\\n';
  const head = 'HTTP/1.1 200 OK\\r\\nServer: bench\\r\\nContent-Type: application/json\\r\\nContent-Length: ' + body.length + '\\r\\nConnection: ';
  const answers = { close: Buffer.from(head + 'close\\r\\n\\r\\n' + body), keep: Buffer.from(head + 'keep-alive\\r\\n\\r\\n' + body) };
  require('node:net').createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (data.includes('onnection: close')) socket.end(answers.close);
      else socket.write(answers.keep);
    });
  }).listen(0, '127.0.0.1', function () { console.log(this.address().port); });
`;

/** Off the core of this process. */
const elsewhere = ['taskset', '--cpu-list', `1-${cpus().length - 1}`];

function start(command: readonly string[]): ChildProcess {
  const [file = '', ...args] = [...elsewhere, ...command];
  return spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

const server = start([process.execPath, '--eval', SERVER]);
const [line] = server.stdout ? await once(server.stdout, 'data') : [''];
const port = Number(String(line));

const { settings, caller, world, recorder, guards, operations } = dataplaneParts('127.0.0.1', port);
const context = {
  settings,
  world,
  limits: { maxHeadBytes: settings.maxHeadBytes, maxHeldBytes: settings.maxHeldBytes, maxDiscardBytes: 0 },
  recorder,
  guards,
  operations,
  now: systemClock.monotonic,
  closeFd,
};
const open = new Bag<Connection>();
const shared = {
  context,
  ip: '127.0.0.1',
  port,
  direction: 'outbound',
  caller: () => caller,
  pod: () => caller,
  opaquePorts: () => null,
  exempt: false,
  sockets: { take: (dialler: { dial(fd: number | null): void }) => dialler.dial(tcpSocket(4)) },
  spentPorts: new SpentPorts(),
  closed: (connection: Connection) => open.delete(connection),
} as const;

const relay = createServer().listen(0, '127.0.0.1', 4096);
await once(relay, 'listening');
const { _handle: listening } = relay as unknown as {
  _handle: { fd: number; onconnection: (status: number, handle: TcpHandle) => void };
};
sendAtOnce(listening.fd);
listening.onconnection = (_status, handle) => {
  const connection = new Connection({ ...shared, handle } as never);
  open.add(connection);
  connection.begin();
};
setInterval(() => {
  const now = systemClock.monotonic();
  for (const connection of open) connection.check(now);
}, 100);
// As a dataplane tells control.
setInterval(() => {
  recorder.takeCells();
  operations.take();
}, 1_000);

interface Round {
  readonly user: number;
  readonly system: number;
  readonly rps: number;
}

async function round(keepAlive: boolean, seconds: number): Promise<Round> {
  const address = relay.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const wrk = start(
    wrkArgv({ ...SMALL_GET, keepAlive }, { url: `http://127.0.0.1:${address.port}`, seconds }),
  );
  let output = '';
  wrk.stdout?.on('data', (data) => {
    output += data;
  });
  const began = process.cpuUsage();
  await once(wrk, 'close');
  const { user, system } = process.cpuUsage(began);
  const { requests, refused, broken } = JSON.parse(output.trimEnd().split('\n').at(-1) ?? '');
  if (refused + broken > 0) throw new Error(output);
  return { user: user / requests, system: system / requests, rps: requests / seconds };
}

const [, , only = ''] = process.argv;
for (const kind of ['kept', 'new'].filter((name) => name.includes(only))) {
  await round(kind === 'kept', 4);
  const rounds: Round[] = [];
  for (let at = 0; at < ROUNDS; at++) rounds.push(await round(kind === 'kept', ROUND_SECONDS));
  const best = (of: (round: Round) => number) => Math.min(...rounds.map(of)).toFixed(1);
  process.stdout.write(
    `${kind.padEnd(6)}user ${best(({ user }) => user)} µs, kernel ${best(({ system }) => system)} µs\n`,
  );
  if (process.env['VERBOSE'])
    console.log(
      rounds.map(({ user, system, rps }) => `${user.toFixed(1)}+${system.toFixed(1)}@${rps | 0}`).join(' '),
      getHeapStatistics().used_heap_size >> 20,
    );
}
server.kill();
process.exit();
