import { expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, FREE, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const SETTINGS = { driftAfterConnections: 5, driftAfterMs: 0 };
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

it.each([
  [FREE, 'free'],
  [ENFORCED, 'enforced'],
])('a tunnel to what has spoken HTTP is one finding, let pass or not (%s)', async (ip, name) => {
  await using dataplane = await DataplaneProcess.start(SETTINGS);
  await using _server = await TestServer.listen(ip, PORT, (peer) =>
    peer.socket.on('data', () => peer.send(OK)),
  );
  const tunnel = () => Peer.dial(ip, PORT).send('SSH-2.0-OpenSSH_9.9\r\n');
  const early = tunnel();
  await (ip === FREE ? early.got('200 OK') : early.end());
  for (let call = 0; call < 5; call++) {
    const caller = Peer.dial(ip, PORT).send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.got('200 OK');
    caller.breakOff();
  }
  const late = [tunnel(), tunnel()];
  await eventually(() => expect(dataplane.findings).toHaveLength(1));
  expect(dataplane.findings).toMatchObject([
    {
      detection: 'protocol-drift',
      state: 'open',
      caller: { name: 'frontend' },
      destination: `shop/${name}:${PORT}`,
      count: 1,
      evidence: { spoken: 'opaque', connections: 5 },
    },
  ]);
  for (const peer of [early, ...late]) peer.breakOff();
});
