import { describe, expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, FREE, PORT, SILENT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = `POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: ${1 << 30}\r\n\r\n`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const OPAQUE = '\0binary';
/** stderr, the channel of messages and that of descriptors. */
const OWN_SOCKETS = 3;
const MEBIBYTE = Buffer.alloc(1 << 20, 0x61);

const http = (peer: Peer) => {
  peer.socket.on('data', () => peer.send(OK));
  peer.socket.on('end', () => peer.finish());
};

describe('a connection', () => {
  it('is answered also when it comes in a crowd', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(FREE, PORT, http);
    const callers = Array.from({ length: 1_500 }, () => Peer.dial(FREE, PORT).send(GET));
    for (const caller of callers) await caller.got('hi');
    for (const caller of callers) caller.finish();
    await dataplane.recorded(1_500);
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
  });

  it('gives a slow reader all that a server sent before it closed', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.once('data', () => peer.send('HTTP/1.1 200 OK\r\n\r\n').send(MEBIBYTE).finish());
    });
    const caller = Peer.dial(FREE, PORT).send(GET);
    caller.socket.pause();
    // So slow that the dataplane has long given the connection up.
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(1));
    await dataplane.recorded(1);
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
    caller.socket.resume();
    expect(await caller.end()).toBe('fin');
    expect(caller.count).toBe(19 + MEBIBYTE.length);
  });

  it('leaves nothing behind when its pod is gone while bytes and FIN wait to be sent', async () => {
    await using dataplane = await DataplaneProcess.start();
    let step = 0;
    await using server = await TestServer.listen(FREE, PORT, (peer) => {
      const body = Buffer.alloc(32_768 * ++step, 0x61);
      peer.socket.once('data', () => peer.send('HTTP/1.1 200 OK\r\n\r\n').send(body).finish());
    });
    // Of every size: some fit into the kernel's buffers, some wait in ours, and some of these with FIN behind them.
    const callers = Array.from({ length: 100 }, () => Peer.dial(FREE, PORT).send(GET));
    for (const { socket } of callers) socket.pause();
    await server.accepted(99);
    // Not all at once: the first are given up after a while, and a busy machine takes longer for the last.
    await eventually(() => expect(dataplane.totals?.openConnections).toBeGreaterThan(0));
    await eventually(() => expect(dataplane.records.length).toBeGreaterThan(10));
    dataplane.send({ kind: 'namespace-gone', ns: 1, podLives: false });
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
    await dataplane.recorded(100);
    await eventually(() => expect(dataplane.sockets).toBe(OWN_SOCKETS));
    // An order may still be under way then.
    dataplane.supply(4, 16);
    dataplane.send({ kind: 'drain', graceMs: 0 });
    await eventually(() => expect(dataplane.drained).toBe(true));
    expect(dataplane.sockets).toBe(OWN_SOCKETS);
    for (const { socket } of callers) socket.destroy();
  });

  it('goes on when its pod is not intercepted any more, judged as before', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(ENFORCED, PORT, http);
    const caller = Peer.dial(ENFORCED, PORT).send(GET);
    await caller.got('hi');
    dataplane.send({ kind: 'caller', ns: 1, caller: { state: 'exempt', reason: 'it opts out' } });
    dataplane.send({ kind: 'namespace-gone', ns: 1, podLives: true });
    caller.send(GET);
    await caller.got('hiHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
    caller.send('GET /admin HTTP/1.1\r\nHost: a\r\n\r\n');
    await caller.got('403');
    caller.finish();
    await caller.end();
    await eventually(() => expect(dataplane.sockets).toBe(OWN_SOCKETS));
  });

  it('passes on an answer that comes before the whole request, and the reset after it', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.once('data', () => {
        peer.socket.pause();
        peer.send('HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nno!');
        peer.socket.end(() => peer.socket.destroy());
      });
    });
    for (let round = 1; round <= 50; round++) {
      // No more than the kernel takes at once: a write that fails would make this caller lose the answer by itself.
      const caller = Peer.dial(FREE, PORT).send(POST).send(MEBIBYTE.subarray(0, 300_000));
      expect(await caller.got('no!')).toMatch(/^HTTP\/1.1 413/);
      await caller.end();
      caller.socket.destroy();
      expect((await dataplane.recorded(round)).at(-1)).toMatchObject({ status: 413 });
    }
  });

  // A caller that has closed answers what still comes with a reset. libuv reads nothing after FIN, so it is the next
  // write that meets it.
  it('is named after the caller when that has closed and is still talked to', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send(OPAQUE);
    const peer = await server.accepted();
    await peer.got(OPAQUE);
    caller.socket.destroy();
    expect(await peer.end()).toBe('fin');
    await eventually(() => {
      if (!peer.reset) peer.send('are you still there?');
      expect(peer.reset).toBe(true);
    });
    expect(await dataplane.recorded(1)).toMatchObject([{ protocol: 'opaque', outcome: 'caller_reset' }]);
  });

  it.each([
    ['waits for an answer', GET],
    ['uploads', POST],
  ])(
    'is named after the caller when that leaves while it %s, and the server gives up then',
    async (_, asked) => {
      await using dataplane = await DataplaneProcess.start();
      await using server = await TestServer.listen(FREE, PORT, (peer) => {
        peer.socket.on('end', () => peer.finish());
      });
      const caller = Peer.dial(FREE, PORT).send(asked);
      await (await server.accepted()).got(asked);
      caller.finish();
      await caller.end();
      expect(await dataplane.recorded(1)).toMatchObject([{ outcome: 'caller_reset', status: 0 }]);
    },
  );

  it.each(['', GET, OPAQUE])(
    'ends with its caller while its server is not reached, %j asked',
    async (asked) => {
      await using dataplane = await DataplaneProcess.start();
      const caller = Peer.dial(SILENT, PORT).send(asked);
      await eventually(() => expect(dataplane.totals?.openConnections).toBe(1));
      caller.finish();
      // Long before the kernel gives up.
      await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
      expect(await dataplane.recorded(1)).toMatchObject([{ outcome: 'upstream_unreachable' }]);
    },
  );

  it('is named after the server when that resets, though the caller had closed before', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send(OPAQUE);
    const peer = await server.accepted();
    await peer.got(OPAQUE);
    caller.socket.destroy();
    expect(await peer.end()).toBe('fin');
    peer.breakOff();
    expect(await dataplane.recorded(1)).toMatchObject([{ protocol: 'opaque', outcome: 'upstream_reset' }]);
  });
});
