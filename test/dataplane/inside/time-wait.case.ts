import { execFile, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { DataplaneProcess, FREE } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

/** Of nobody else's: the namespace remembers for a minute what other cases have left in TIME_WAIT. */
const SERVER_CLOSES = 8181;
const SERVER_WAITS = 8182;
const SERVER_STAYS = 8183;
const CALLER_CLOSES = 8184;
const PORT_TAKEN = 8185;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const LAST = OK.replace('Content', 'Connection: close\r\nContent');

/** Closes each connection once it has read a whole answer, and does not wait for FIN: as wrk, curl and most clients do. */
const HASTY = `
import socket, sys
for _ in range(int(sys.argv[3])):
    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), 20)
    connection.sendall(b'GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n')
    answer = b''
    while not answer.endswith(b'hi'):
        part = connection.recv(9999)
        assert part, answer
        answer += part
    connection.close()
`;
const hasty = (port: number, count: number) =>
  promisify(execFile)('python3', ['-c', HASTY, FREE, `${port}`, `${count}`]);

/** Null where the port is somebody else's: a caller's before, whose TIME_WAIT is not to be shared. */
async function dialFrom(localPort: number): Promise<Peer | null> {
  const socket = new Socket();
  socket.connect({ host: FREE, port: PORT_TAKEN, localPort });
  try {
    await once(socket, 'connect');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
  return new Peer(socket);
}

/** Sockets that a state has at one end of the connections to a server, and at the server itself. */
function inState(state: string, port: number): { dialled: number; accepted: number } {
  const count = (end: string) =>
    execFileSync('ss', ['-Htn', 'state', state, end, `${FREE}:${port}`], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line !== '').length;
  return { dialled: count('dst'), accepted: count('src') };
}

// The kernel would give ports in TIME_WAIT on loopback to anybody.
beforeAll(() => {
  execFileSync('sysctl', ['-qw', 'net.ipv4.tcp_tw_reuse=0']);
});

/** RST that the namespace has sent. */
function resets(): number {
  const [names = [], values = []] = readFileSync('/proc/net/snmp', 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('OutRsts')]);
}

/**
 * Where both ends close at once, one may have forgotten the connection before the other's last ACK comes, and answer with RST,
 * which ends TIME_WAIT (RFC 1337). The kernel's remedy, `tcp_rfc1337`, would have others wait for such a port.
 */
function expectTimeWait(port: number, expected: { dialled: number; accepted: number }, resetsBefore: number) {
  const ended = resets() - resetsBefore;
  const { dialled, accepted } = inState('time-wait', port);
  const mayLack = (count: number, all: number) => (count < all ? Math.min(count + ended, all) : count);
  expect(ended).toBeLessThan(10);
  expect({
    dialled: mayLack(dialled, expected.dialled),
    accepted: mayLack(accepted, expected.accepted),
  }).toEqual(expected);
}

it('a server that closes after its answer keeps TIME_WAIT itself, however soon the caller closes', async () => {
  await using _dataplane = await DataplaneProcess.start();
  await using _server = await TestServer.listen(FREE, SERVER_CLOSES, (peer) => {
    peer.socket.once('data', () => peer.send(LAST).finish());
  });
  const before = resets();
  await hasty(SERVER_CLOSES, 200);
  await eventually(() => expectTimeWait(SERVER_CLOSES, { dialled: 0, accepted: 200 }, before));
});

it('FIN has come when the caller has read the last answer', async () => {
  await using _dataplane = await DataplaneProcess.start();
  await using _server = await TestServer.listen(FREE, SERVER_WAITS, (peer) => {
    peer.socket.once('data', () => peer.send(LAST));
  });
  for (let round = 0; round < 20; round++) {
    const caller = Peer.dial(FREE, SERVER_WAITS).send(GET);
    let state = { dialled: 0, accepted: 0 };
    // Between the bytes and FIN, had they come one after the other.
    caller.socket.once('data', () => {
      state = inState('close-wait', SERVER_WAITS);
    });
    await caller.got('hi');
    expect(state.dialled).toBe(1);
    caller.finish();
    await eventually(() => expect(inState('close-wait', SERVER_WAITS).dialled).toBe(0));
  }
});

it('a server that says it closes, and does not, hears of the caller that has', async () => {
  await using dataplane = await DataplaneProcess.start();
  await using server = await TestServer.listen(FREE, SERVER_STAYS, (peer) => {
    peer.socket.once('data', () => peer.send(LAST));
  });
  await hasty(SERVER_STAYS, 1);
  const peer = await server.accepted();
  expect(await peer.end()).toBe('fin');
  peer.finish();
  await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
});

it('where the caller closes first, the next connections leave from the ports that ours have left in TIME_WAIT', async () => {
  await using _dataplane = await DataplaneProcess.start();
  const ports: (number | undefined)[] = [];
  await using _server = await TestServer.listen(FREE, CALLER_CLOSES, (peer) => {
    ports.push(peer.socket.remotePort);
    peer.socket.on('data', () => peer.send(OK)).on('end', () => peer.finish());
  });
  const before = resets();
  await hasty(CALLER_CLOSES, 50);
  const ours = () => new Set(ports).size;
  const left = () => ({ dialled: ports.length + ours(), accepted: 0 });
  await eventually(() => expectTimeWait(CALLER_CLOSES, left(), before));
  // They rest for a second.
  while (ours() === ports.length) {
    await hasty(CALLER_CLOSES, 1);
    expect(ports.length).toBeLessThan(1_000);
  }
  await hasty(CALLER_CLOSES, 40);
  await eventually(() => expectTimeWait(CALLER_CLOSES, left(), before));
});

it('a port of ours that the caller itself dials from by now is given up for another one', async () => {
  await using _dataplane = await DataplaneProcess.start();
  const ports: number[] = [];
  await using _server = await TestServer.listen(FREE, PORT_TAKEN, (peer) => {
    ports.push(peer.socket.remotePort ?? 0);
    peer.socket.on('data', () => peer.send(OK)).on('end', () => peer.finish());
  });
  await hasty(PORT_TAKEN, 50);
  let caller: Peer | null = null;
  let next = 0;
  while (caller === null) {
    await hasty(PORT_TAKEN, 1);
    expect(ports.length).toBeLessThan(1_000);
    const again = ports.indexOf(ports.at(-1) ?? 0);
    if (again === ports.length - 1) continue;
    // What was left within milliseconds after it has rested, too, and is the next.
    next = ports[again + 1] ?? 0;
    caller = await dialFrom(next);
  }
  await caller.send(GET).got('hi');
  expect(caller.socket.localPort).toBe(next);
  expect(ports.at(-1)).not.toBe(next);
  caller.breakOff();
});
