import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, PORT } from '../../support/dataplane-process.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const GET = 'GET /orders/7 HTTP/1.1\r\nHost: a\r\n\r\n';
const HOLD_MS = 3_000;

it('a caller that is not known any more is waited for again, whatever came of it the first time', async () => {
  await using dataplane = await DataplaneProcess.start({ identityHoldMs: HOLD_MS });
  await using _server = await TestServer.listen(ENFORCED, PORT, (peer) =>
    peer.socket.on('data', () => peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  dataplane.forget();
  const nobody = Peer.dial(ENFORCED, PORT).send(GET);
  await nobody.got('403 Forbidden');
  // It has been waited for once, in vain: who comes now does not wait.
  const since = performance.now();
  const next = Peer.dial(ENFORCED, PORT).send(GET);
  await next.got('403 Forbidden');
  expect(performance.now() - since).toBeLessThan(HOLD_MS / 2);

  dataplane.identify();
  await Peer.dial(ENFORCED, PORT).send(GET).got('200 OK');
  dataplane.forget();
  const waiting = Peer.dial(ENFORCED, PORT).send(GET);
  await pause(HOLD_MS / 10);
  dataplane.identify();
  await waiting.got('200 OK');
});
