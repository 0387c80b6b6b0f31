import { describe, expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, FREE, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

describe('what TCP says passes unchanged', () => {
  it.each([
    ['opaque bytes', '\0binary', 'raw answer'],
    ['a request', GET, OK],
  ])('FIN of the caller, then the answer, then FIN of the server: %s', async (_, question, answer) => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send(question).finish();
    const upstream = await server.accepted();
    expect(await upstream.end()).toBe('fin');
    expect(upstream.text).toBe(question);
    expect(caller.ended).toBe(false);
    upstream.send(answer).finish();
    expect(await caller.end()).toBe('fin');
    expect(caller.text).toBe(answer);
    expect(await dataplane.recorded(1)).toMatchObject([{ outcome: 'ok' }]);
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
  });

  it('FIN of a server that goes on reading', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send('\0one');
    const upstream = await server.accepted();
    await upstream.got('one');
    upstream.finish();
    expect(await caller.end()).toBe('fin');
    caller.send('two').finish();
    expect(await upstream.end()).toBe('fin');
    expect(upstream.text).toBe('\0onetwo');
    await dataplane.recorded(1);
  });

  it.each([
    ['opaque bytes', '\0binary', 'opaque'],
    ['a request', GET, 'http1'],
    ['half a request', 'GET / HT', 'unknown'],
  ])('RST of the caller during %s', async (_, question, protocol) => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send(question);
    const upstream = await server.accepted();
    if (protocol !== 'unknown') await upstream.got(question);
    caller.breakOff();
    expect(await upstream.end()).toBe('rst');
    expect(await dataplane.recorded(1)).toMatchObject([{ protocol, outcome: 'caller_reset' }]);
  });

  it.each([
    ['opaque bytes', '\0binary', 'upstream_reset'],
    ['a request', GET, 'upstream_reset'],
  ])('RST of the server during %s', async (_, question, outcome) => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send(question);
    const upstream = await server.accepted();
    await upstream.got(question);
    upstream.breakOff();
    expect(await caller.end()).toBe('rst');
    expect(await dataplane.recorded(1)).toMatchObject([{ outcome }]);
  });

  it('a server that is not there, as RST', async () => {
    await using dataplane = await DataplaneProcess.start();
    expect(await Peer.dial(FREE, PORT).send(GET).end()).toBe('rst');
    expect(await dataplane.recorded(1)).toMatchObject([{ outcome: 'upstream_unreachable' }]);
  });

  it.each([FREE, ENFORCED])('a port check of %s: connect, close, nothing else', async (ip) => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(ip, PORT);
    const check = Peer.dial(ip, PORT).finish();
    const upstream = await server.accepted();
    await upstream.end();
    upstream.finish();
    expect(await check.end()).toBe('fin');
    expect(await dataplane.recorded(1)).toMatchObject([{ outcome: 'ok', verdict: 'allow' }]);
  });

  it('a server that speaks first, and a caller that never speaks', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(FREE, PORT, (peer) => peer.send('220 ready\r\n'));
    const caller = Peer.dial(FREE, PORT);
    await caller.got('220 ready');
    caller.finish();
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(1));
  });

  it('interim answers, and an answer in pieces as they come', async () => {
    await using _dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send(
      `POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n`,
    );
    const upstream = await server.accepted();
    await upstream.got('100-continue\r\n\r\n');
    upstream.send(`HTTP/1.1 100 Continue\r\nX: ${'x'.repeat(30_000)}\r\n\r\n`);
    await caller.got('xx\r\n\r\n');
    caller.send('body');
    await upstream.got('body');
    upstream.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nevent1\r\n');
    await caller.got('event1\r\n');
    upstream.send('6\r\nevent2\r\n');
    await caller.got('event2\r\n');
    upstream.send('0\r\n\r\n');
    await caller.got('0\r\n\r\n');
  });
});
