import { once } from 'node:events';
import { connect, constants, createServer } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { DataplaneProcess, ENFORCED, FREE, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

/** Short enough to wait for, and longer than a busy machine keeps a dataplane from reading what has come. */
const DEADLINE_MS = 1_000;
const POST = 'POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n';

/** Sends a byte now and then for as long as anybody listens, and it has not finished itself. */
function trickle(peer: Peer): void {
  const timer = setInterval(() => peer.socket.writable && peer.send('x'), 20);
  for (const event of ['end', 'close']) peer.socket.once(event, () => clearInterval(timer));
}

describe('a caller that trickles', () => {
  it.each([
    ['a head', 'GET / HTTP/1.1\r\nHost: a\r\nX: ', { headTimeoutMs: DEADLINE_MS }],
    ['a body of known length', POST, { bodyTimeoutMs: DEADLINE_MS }],
    [
      'a chunk',
      'POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n',
      { bodyTimeoutMs: DEADLINE_MS },
    ],
  ])('%s is answered 408 and ended', async (_, begin, settings) => {
    await using dataplane = await DataplaneProcess.start(settings);
    await using server = await TestServer.listen(FREE, PORT, (peer) =>
      peer.socket.once('end', () => peer.finish()),
    );
    const caller = Peer.dial(FREE, PORT).send(begin);
    trickle(caller);
    expect(await caller.got('HTTP/1.1 408')).toContain('eastwall-decision');
    expect(await (await server.accepted()).end()).toBe('rst');
    expect(await dataplane.recorded(1)).toMatchObject([{ outcome: 'timeout', status: 408 }]);
    caller.finish();
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
  });

  it.each([FREE, ENFORCED])('first bytes that show no protocol yet is ended at %s', async (ip) => {
    await using dataplane = await DataplaneProcess.start({ headTimeoutMs: DEADLINE_MS });
    await using server = await TestServer.listen(ip, PORT);
    const caller = Peer.dial(ip, PORT).send('GET /');
    await caller.end();
    expect((await server.accepted()).text).toBe('');
    caller.finish();
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
  });
});

it('an HTTP/2 request whose body trickles is cancelled, and the other streams of its connection go on', async () => {
  await using dataplane = await DataplaneProcess.start({ bodyTimeoutMs: DEADLINE_MS });
  const server = createServer();
  const cancelled: number[] = [];
  server.on('stream', (stream, head) => {
    stream.on('error', () => {});
    stream.on('close', () => cancelled.push(stream.rstCode));
    if (head[':path'] !== '/slow') stream.resume().on('end', () => stream.respond({}, { endStream: true }));
  });
  await once(server.listen(PORT, FREE), 'listening');
  const session = connect(`http://${FREE}:${PORT}`);
  const slow = session.request({ ':method': 'POST', ':path': '/slow' });
  slow.on('error', () => {});
  const timer = setInterval(() => slow.write('x'), 20);
  await once(slow, 'close');
  clearInterval(timer);
  expect(slow.rstCode).toBe(constants.NGHTTP2_CANCEL);
  const next = session.request({ ':method': 'POST', ':path': '/quick' }).end('hello');
  const [head] = (await once(next, 'response')) as [{ ':status': number }];
  expect(head[':status']).toBe(200);
  await eventually(() => expect(cancelled[0]).toBe(constants.NGHTTP2_CANCEL));
  expect(await dataplane.recorded(2)).toMatchObject([
    { protocol: 'h2', path: '/slow', outcome: 'timeout' },
    { protocol: 'h2', path: '/quick', outcome: 'ok' },
  ]);
  session.destroy();
  server.close();
});

describe('a caller that waits', () => {
  it('for a server that reads slowly, or answers late, is left alone', async () => {
    await using dataplane = await DataplaneProcess.start({
      bodyTimeoutMs: DEADLINE_MS,
      headTimeoutMs: DEADLINE_MS,
    });
    await using server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.pause();
    });
    const length = 16 << 20;
    const upload = Peer.dial(FREE, PORT)
      .send(`POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`)
      .send(Buffer.alloc(length));
    await server.accepted();
    const poll = Peer.dial(FREE, PORT).send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const [slow, late] = [await server.accepted(0), await server.accepted(1)];
    // Longer than both deadlines, as another caller's fate shows.
    const trickling = Peer.dial(FREE, PORT).send(POST);
    trickle(trickling);
    await trickling.got('HTTP/1.1 408');
    const second = Peer.dial(FREE, PORT).send(POST);
    trickle(second);
    await second.got('HTTP/1.1 408');
    slow.socket.resume();
    await eventually(() => expect(slow.count).toBeGreaterThan(length));
    slow.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone');
    await upload.got('done');
    late.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate');
    await poll.got('late');
    for (const peer of [upload, poll, trickling, second]) peer.breakOff();
    expect((await dataplane.recorded(4)).map(({ outcome }) => outcome)).toEqual([
      'timeout',
      'timeout',
      'ok',
      'ok',
    ]);
  });
});
