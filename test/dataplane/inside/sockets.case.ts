import { execFile, execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { AUDITED, DataplaneProcess, FREE, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

/** Says on one connection after the other to whom it has got, all from one port of its own. */
const ONE_PORT = `
import socket, sys
kept = []
for ip in sys.argv[2:]:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    connection.bind(('127.0.0.1', 20202))
    connection.settimeout(10)
    connection.connect((ip, int(sys.argv[1])))
    connection.sendall(b'\\0who')
    print(connection.recv(99).decode())
    kept.append(connection)
`;

it('two connections from one port to two addresses are told apart', async () => {
  await using dataplane = await DataplaneProcess.start();
  const naming = (ip: string) =>
    TestServer.listen(ip, PORT, (peer) => {
      peer.socket.once('data', () => peer.send(ip)).once('end', () => peer.finish());
    });
  await using _one = await naming(FREE);
  await using _other = await naming(AUDITED);
  const { promise, resolve } = Promise.withResolvers<string>();
  execFile('python3', ['-c', ONE_PORT, `${PORT}`, FREE, AUDITED], (error, stdout, stderr) =>
    resolve(error === null ? stdout : `${error.message} ${stderr}`),
  );
  expect(await promise).toBe(`${FREE}\n${AUDITED}\n`);
  expect((await dataplane.recorded(2)).map(({ destination }) => destination.ip).sort()).toEqual([
    FREE,
    AUDITED,
  ]);
});

it('a peer that is gone without a word is noticed on either side: both sockets are kept alive', async () => {
  await using dataplane = await DataplaneProcess.start();
  await using server = await TestServer.listen(FREE, PORT);
  const caller = Peer.dial(FREE, PORT).send('\0idle');
  await (await server.accepted()).got('idle');
  // The kernel shows whose timer runs, and how long it has: below the 60 s after which half-closed connections are forgotten.
  const timers = () =>
    execFileSync('ss', ['-Htnpo', 'state', 'established'], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(`pid=${dataplane.pid},`))
      .map((line) => /timer:\(keepalive,(\d+)sec/.exec(line)?.[1]);
  await eventually(() => {
    expect(timers()).toHaveLength(2);
    for (const seconds of timers()) expect(Number(seconds)).toBeLessThanOrEqual(30);
  });
  caller.breakOff();
});

it('a connection beyond the bound is refused, and the next one has its place again', async () => {
  await using dataplane = await DataplaneProcess.start({ maxConnections: 2 });
  await using server = await TestServer.listen(FREE, PORT);
  const first = [Peer.dial(FREE, PORT).send('\0one'), Peer.dial(FREE, PORT).send('\0two')];
  await server.accepted(1);
  expect(await Peer.dial(FREE, PORT).end()).toBe('rst');
  for (const peer of first) peer.breakOff();
  await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
  const next = Peer.dial(FREE, PORT).send('\0three');
  await (await server.accepted(2)).got('three');
  next.breakOff();
});
