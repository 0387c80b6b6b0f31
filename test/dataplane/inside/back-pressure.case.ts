import { describe, expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, FREE, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const MEBIBYTE = 1 << 20;
const TOTAL = 1024 * MEBIBYTE;
const UPLOAD = `PUT /orders HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MEBIBYTE}\r\n\r\n`;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const PIECE = Buffer.alloc(MEBIBYTE, 0x61);
/** Far less than is moved, far more than one connection's buffers. */
const MAX_GROWTH = 48 * MEBIBYTE;

/** Sends `TOTAL` bytes as fast as they are taken. */
function pour(peer: Peer): void {
  let left = TOTAL;
  const go = () => {
    while (left > 0) {
      left -= PIECE.length;
      if (!peer.socket.write(PIECE)) return;
    }
  };
  peer.socket.on('drain', go);
  go();
}

/** Reads more slowly than the other side could send: the sender always has more waiting. */
function sip(peer: Peer, watch: () => void): Promise<void> {
  let next = MEBIBYTE;
  return new Promise((resolve) => {
    peer.socket.on('data', () => {
      if (peer.count >= TOTAL) resolve();
      if (peer.count < next) return;
      next += MEBIBYTE;
      watch();
      peer.socket.pause();
      setImmediate(() => setImmediate(() => peer.socket.resume()));
    });
  });
}

describe('a gigabyte through a slow reader takes no memory', () => {
  const cases: readonly (readonly [name: string, question: string, answer: string, poured: 'down' | 'up'])[] =
    [
      ['a response', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', 'down'],
      ['a request', `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${TOTAL}\r\n\r\n`, '', 'up'],
      ['opaque bytes to the caller', '\0', 'hello', 'down'],
      ['opaque bytes to the server', '\0', 'hello', 'up'],
    ];
  it.each(cases)('%s', async (_, question, answer, direction) => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send(question);
    const upstream = await server.accepted();
    await upstream.got(question);
    upstream.send(answer);
    await caller.got(answer);
    const before = dataplane.rssBytes;
    let most = 0;
    const watch = () => {
      most = Math.max(most, dataplane.rssBytes);
    };
    const [from, to] = direction === 'down' ? [upstream, caller] : [caller, upstream];
    const done = sip(to, watch);
    pour(from);
    await done;
    expect(most).toBeGreaterThan(0);
    expect(most - before).toBeLessThan(MAX_GROWTH);
    caller.breakOff();
  });
});

describe('a caller that sends all before it reads anything', () => {
  it.each([
    ['opaque bytes', '\0'],
    ['a request', `POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: ${64 * MEBIBYTE}\r\n\r\n`],
  ])('gets through as long as its server goes on reading: %s', async (_, question) => {
    await using _dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.once('data', () => peer.send('HTTP/1.1 200 OK\r\n\r\n'));
      // As Redis does: answers wait in its own memory, and requests are taken meanwhile.
      peer.socket.on('data', (bytes) => peer.send(bytes));
    });
    const caller = Peer.dial(FREE, PORT);
    caller.socket.pause();
    caller.send(question);
    for (let sent = 0; sent < 64; sent++) caller.send(PIECE);
    await eventually(() => expect(caller.socket.writableLength).toBe(0));
    caller.socket.resume();
    await eventually(() => expect(caller.count).toBeGreaterThan(64 * MEBIBYTE));
    caller.breakOff();
  });
});

describe('a caller that breaks off while nothing is read from it', () => {
  it.each([
    ['the server takes nothing', [UPLOAD, Buffer.alloc(64 * MEBIBYTE)]],
    ['its requests wait for their turn', [GET.repeat(10_000)]],
  ])('is let go, though %s', async (_, sent) => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT, (peer) => peer.socket.pause());
    const caller = Peer.dial(FREE, PORT);
    for (const bytes of sent) caller.send(bytes);
    await server.accepted();
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(1));
    caller.breakOff();
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
    expect(await dataplane.recorded(1)).toMatchObject([{ outcome: 'caller_reset' }]);
  });
});

describe('a caller that is denied and does not read why', () => {
  it('is not read any further', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(ENFORCED, PORT);
    const denied = 'GET /no HTTP/1.1\r\nHost: a\r\n\r\n';
    const caller = Peer.dial(ENFORCED, PORT);
    caller.socket.pause();
    caller.send(denied.repeat(100_000));
    // Each of these waits until as much of the caller's as can be read at once has been worked off.
    const other = Peer.dial(ENFORCED, PORT);
    for (let round = 1; round <= 100; round++) {
      other.send(denied);
      await eventually(() => expect(other.text.split('HTTP/1.1 403')).toHaveLength(round + 1));
    }
    expect(dataplane.records.length + dataplane.dropped).toBeLessThan(40_000);
    caller.breakOff();
    other.breakOff();
  });
});

describe('a reader that does not read at all', () => {
  it('stops the sender, takes no memory, and delays nobody else', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT, pour);
    const before = dataplane.rssBytes;
    const stuck = Array.from({ length: 50 }, () => Peer.dial(FREE, PORT));
    for (const { socket } of stuck) socket.pause();
    await server.accepted(49);
    const reader = Peer.dial(FREE, PORT);
    await sip(reader, () => {});
    expect(dataplane.rssBytes - before).toBeLessThan(MAX_GROWTH);
    for (const peer of [...stuck, reader]) peer.breakOff();
  });
});
