import { describe, expect, it } from 'vitest';
import { headers } from '../../../agent/testing/h2/relay-playbook.ts';
import {
  AUDITED,
  DataplaneProcess,
  ENFORCED,
  FREE,
  PORT,
  policyFor,
} from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const echo = (peer: Peer) => {
  peer.socket.on('data', (bytes) => peer.send(bytes));
};
const UPGRADE = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
const SETTINGS = '\0\0\0\x04\0\0\0\0\0';
/** RST_STREAM of stream 1. */
const CANCELLED = '\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';

describe('a policy', () => {
  it('that comes to be enforced cuts open connections that nobody reads', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT, echo);
    const caller = Peer.dial(FREE, PORT).send('\0binary');
    await caller.got('binary');
    dataplane.govern('free', 'Enforce');
    expect(await caller.end()).toBe('rst');
    expect(await (await server.accepted()).end()).toBe('rst');
    expect(await dataplane.recorded(1)).toMatchObject([
      {
        protocol: 'opaque',
        verdict: 'deny',
        reason: 'unreadable_protocol',
        policy: 'shop/free',
        outcome: 'denied',
      },
    ]);
  });

  it('cuts a tunnel of HTTP/2', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.once('data', () =>
        peer.send(SETTINGS).send(headers(1, [[':status', '200']], { end: false })),
      );
    });
    const fields = [
      [':method', 'CONNECT'],
      [':authority', 'db:1'],
    ] as const;
    const caller = Peer.dial(FREE, PORT)
      .send(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SETTINGS}`)
      .send(headers(1, fields, { end: false }));
    await eventually(() => expect(caller.count).toBeGreaterThan(SETTINGS.length));
    dataplane.govern('free', 'Enforce');
    await caller.got(CANCELLED);
    await (await server.accepted()).got(CANCELLED);
    expect(await dataplane.recorded(1)).toMatchObject([
      { protocol: 'h2', method: 'CONNECT', verdict: 'deny', outcome: 'denied' },
    ]);
    caller.breakOff();
  });

  it('cuts a WebSocket only when it does not allow it any more', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.once('data', () => {
        peer.send(SWITCHED);
        echo(peer);
      });
    });
    const allowed = Peer.dial(FREE, PORT).send(UPGRADE('/ws'));
    await allowed.got('101');
    const other = Peer.dial(FREE, PORT).send(UPGRADE('/chat'));
    await other.got('101');
    dataplane.govern('free', 'Enforce');
    expect(await other.end()).toBe('rst');
    await allowed.send('ping').got('ping');
    dataplane.send({
      kind: 'policies',
      upsert: [{ ...policyFor('free', 'Enforce'), rules: [] }],
      remove: [],
    });
    expect(await allowed.end()).toBe('rst');
    expect(server.peers).toHaveLength(2);
    expect((await dataplane.recorded(2)).map(({ path, reason }) => [path, reason])).toEqual([
      ['/chat', 'no_rule_allows'],
      ['/ws', 'no_rule_allows'],
    ]);
  });

  it('that is enforced before a silent caller speaks is in force for its first word', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT);
    await server.accepted();
    dataplane.govern('free', 'Enforce');
    const other = Peer.dial(ENFORCED, PORT).send('\0binary');
    await other.end();
    caller.send('\0binary');
    expect(await caller.end()).toBe('rst');
    expect(server.peers[0]?.text).toBe('');
  });

  it('that is audited lets unreadable bytes pass and reports them', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await TestServer.listen(AUDITED, PORT, echo);
    const caller = Peer.dial(AUDITED, PORT).send('\0binary');
    await caller.got('binary');
    caller.breakOff();
    expect(await dataplane.recorded(1)).toMatchObject([
      {
        verdict: 'would-deny',
        reason: 'unreadable_protocol',
        policy: 'shop/audited',
        outcome: 'caller_reset',
      },
    ]);
  });
});
