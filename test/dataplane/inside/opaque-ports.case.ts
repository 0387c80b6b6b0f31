import { expect, it } from 'vitest';
import { AUDITED, DataplaneProcess, ENFORCED, FREE, PORT } from '../../support/dataplane-process.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const OPAQUE = { opaquePorts: [{ from: PORT, to: PORT }] };
/** What is read never passes: it could still become a request. */
const HALF = 'GET /half';

it.each([
  [FREE, 'allow'],
  [AUDITED, 'would-deny'],
])('where nothing is enforced, a declared port passes at once (%s)', async (ip, verdict) => {
  await using dataplane = await DataplaneProcess.start(OPAQUE);
  await using server = await TestServer.listen(ip, PORT, (peer) =>
    peer.socket.once('end', () => peer.finish()),
  );
  const caller = Peer.dial(ip, PORT).send(HALF);
  const upstream = await server.accepted();
  await upstream.got(HALF);
  upstream.send('who are you');
  await caller.got('who are you');
  caller.finish();
  expect(await dataplane.recorded(1)).toMatchObject([
    { protocol: 'opaque', declaredOpaque: true, verdict, outcome: 'ok', bytesSent: HALF.length },
  ]);
});

it('an enforced policy comes first: requests are judged, and what can not be read is refused', async () => {
  await using dataplane = await DataplaneProcess.start(OPAQUE);
  await using server = await TestServer.listen(ENFORCED, PORT, (peer) =>
    peer.socket.on('data', () => peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
  );
  const reader = Peer.dial(ENFORCED, PORT).send('GET /orders/7 HTTP/1.1\r\nHost: a\r\n\r\n');
  await reader.got('200 OK');
  reader.send('GET /admin HTTP/1.1\r\nHost: a\r\n\r\n');
  await reader.got('403 Forbidden');
  reader.breakOff();
  const redis = Peer.dial(ENFORCED, PORT).send('PING\r\n');
  expect(await redis.end()).toBe('rst');
  expect((await server.accepted(1)).count).toBe(0);
  const records = await dataplane.recorded(3);
  expect(records.map(({ reason }) => reason).sort(), JSON.stringify(records)).toEqual([
    'allowed_by_rule',
    'no_rule_allows',
    'unreadable_protocol',
  ]);
});

it('a policy that is enforced later ends what nobody has looked at', async () => {
  await using dataplane = await DataplaneProcess.start(OPAQUE);
  await using server = await TestServer.listen(FREE, PORT);
  const caller = Peer.dial(FREE, PORT).send(HALF);
  await (await server.accepted()).got(HALF);
  dataplane.govern('free', 'Enforce');
  expect(await caller.end()).toBe('rst');
  expect(await dataplane.recorded(1)).toMatchObject([{ outcome: 'denied', reason: 'unreadable_protocol' }]);
});
