import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headers } from '../../../agent/testing/h2/relay-playbook.ts';
import { DataplaneProcess, ENFORCED, FREE, OTHER_POD, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const MEBIBYTE = 1 << 20;
const UPLOAD = `PUT /orders HTTP/1.1\r\nHost: a\r\nContent-Length: ${16 * MEBIBYTE}\r\n\r\n`;
const PREFACE = Buffer.from('PRI');
const SETTINGS = '\0\0\0\x04\0\0\0\0\0';
const STREAMS = Array.from({ length: 4_000 }, (_, at) =>
  headers(2 * at + 1, [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a'],
  ]),
);

const DENIED = 'DELETE / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1_000);

/** Everything that a pod can make wait in a dataplane, many times as much as there is room for. */
const GREED: readonly (readonly [what: string, bytes: Buffer, connections: number])[] = [
  ['bodies that their server does not read', Buffer.from(UPLOAD + 'x'.repeat(4 * MEBIBYTE)), 100],
  ['requests ahead of their turn', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(4_000)), 100],
  ['half a head', Buffer.from(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(60_000)}`), 100],
  [
    'streams of HTTP/2',
    Buffer.concat([Buffer.from(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SETTINGS}`, 'latin1'), ...STREAMS]),
    10,
  ],
];

/** As large as the kernel's buffers may grow, it takes whole bodies, and nothing waits in the dataplane. */
const BUFFERS = ['rmem', 'wmem'].map((which) => `/proc/sys/net/ipv4/tcp_${which}`);
const SMALL = '4096 65536 262144';

describe('a pod that has the dataplane keep much, and another one', () => {
  const sizes = BUFFERS.map((file) => readFileSync(file, 'utf8'));
  beforeAll(() => {
    for (const file of BUFFERS) writeFileSync(file, SMALL);
  });
  afterAll(() => {
    for (const [at, file] of BUFFERS.entries()) writeFileSync(file, sizes[at] ?? '');
  });

  it.each(GREED)('%s: only the first loses connections', async (_, bytes, connections) => {
    await using dataplane = await DataplaneProcess.start({ maxBufferedBytes: 4 * MEBIBYTE });
    dataplane.enrollOther();
    await using _server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.pause();
      if (bytes.subarray(0, 3).equals(PREFACE)) peer.send(SETTINGS);
    });
    await using other = await TestServer.listen(OTHER_POD, PORT, (peer) => peer.socket.pause());
    const modest = Peer.dial(OTHER_POD, PORT).send(UPLOAD + 'x'.repeat(8 * MEBIBYTE));
    await other.accepted();
    const greedy = Array.from({ length: connections }, () => Peer.dial(FREE, PORT).send(bytes));
    await eventually(() => expect(greedy.some(({ reset }) => reset)).toBe(true));
    await eventually(() => expect(dataplane.records.length).toBeGreaterThan(0));
    expect(new Set(dataplane.records.map(({ outcome, caller }) => `${caller?.pod} ${outcome}`))).toEqual(
      new Set(['frontend-1 overload']),
    );
    expect(greedy.every(({ reset }) => reset)).toBe(false);
    (await other.accepted()).socket.resume();
    await eventually(() => expect(modest.socket.writableLength).toBe(0));
    for (const peer of [modest, ...greedy]) peer.breakOff();
  });
});

it('a pod that opens all the connections that it can leaves some to another one', async () => {
  await using dataplane = await DataplaneProcess.start({ maxConnections: 40 });
  dataplane.enrollOther();
  await using _server = await TestServer.listen(FREE, PORT);
  await using other = await TestServer.listen(OTHER_POD, PORT);
  const greedy = Array.from({ length: 100 }, () => Peer.dial(FREE, PORT).send('\0mine'));
  await eventually(() => expect(greedy.filter(({ reset }) => reset)).toHaveLength(69));
  const modest = Array.from({ length: 5 }, () => Peer.dial(OTHER_POD, PORT).send('\0mine'));
  await (await other.accepted(4)).got('mine');
  greedy.find(({ reset }) => !reset)?.breakOff();
  await eventually(() => expect(dataplane.totals?.openConnections).toBe(35));
  for (const peer of [...greedy, ...modest]) peer.breakOff();
});

it('a pod that has much to say on many connections keeps another one waiting for a moment only', async () => {
  await using dataplane = await DataplaneProcess.start();
  dataplane.enrollOther();
  await using server = await TestServer.listen(ENFORCED, PORT);
  await using _other = await TestServer.listen(OTHER_POD, PORT, (peer) =>
    peer.socket.on('data', () => peer.send('answer')),
  );
  const modest = Peer.dial(OTHER_POD, PORT).send('\0question');
  await modest.got('answer');
  const greedy = Array.from({ length: 200 }, () => Peer.dial(ENFORCED, PORT));
  await server.accepted(199);
  // All of it has come before any of it is read.
  process.kill(dataplane.pid, 'SIGSTOP');
  for (const peer of greedy) peer.send(DENIED);
  modest.send('\0question');
  const served = new Promise((resolve) => modest.socket.once('data', resolve));
  process.kill(dataplane.pid, 'SIGCONT');
  await served;
  expect(greedy.filter(({ count }) => count > 0).length).toBeLessThan(100);
  await eventually(() => expect(greedy.every(({ count }) => count > 0)).toBe(true));
  for (const peer of [modest, ...greedy]) peer.breakOff();
});
