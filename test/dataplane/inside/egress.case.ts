import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import type { EgressPolicy } from '@eastwall/policy';
import { describe, expect, it } from 'vitest';
import { issueServerCertificate } from '../../../agent/src/sandbox/kube-api/tls/certificates.ts';
import { DataplaneProcess, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

/** Addresses behind which there is no Service. */
const OUTSIDE = '127.1.0.50';
const DATABASE = '127.1.0.51';
const CLOSED_PORT = PORT + 1;
const UNUSED_PORT = 9;

const POLICY: EgressPolicy = {
  namespace: 'shop',
  name: 'out',
  generation: 1,
  mode: 'Enforce',
  from: [{ serviceAccount: 'frontend' }],
  rules: [
    { name: 'api', action: 'Allow', to: [{ hosts: ['*.example.com'], ports: [PORT] }] },
    { name: 'database', action: 'Allow', to: [{ cidrs: [`${DATABASE}/32`] }] },
    { name: 'no-admin', action: 'Deny', to: [{ path: '/admin/**' }] },
  ],
};
const { certPem, keyPem, caPem } = issueServerCertificate(['api.example.com'], new Date());

async function governed(): Promise<DataplaneProcess> {
  const dataplane = await DataplaneProcess.start();
  dataplane.send({ kind: 'egress-policies', upsert: [POLICY], remove: [] });
  await inForce(dataplane);
  return dataplane;
}

/** Policies and connections come by different ways: dials until one meets the policy. */
async function inForce(dataplane: DataplaneProcess): Promise<void> {
  const { records } = dataplane;
  for (let dialled = 1; records.at(-1)?.policy !== 'shop/out'; dialled++) {
    await Peer.dial(OUTSIDE, UNUSED_PORT).end();
    await dataplane.recorded(dialled);
  }
  records.length = 0;
}

async function isRefused(caller: Peer): Promise<boolean> {
  await eventually(() => expect(caller.closed || caller.text !== '').toBe(true));
  return caller.text === '';
}

/** A TLS server that says back what it hears. */
async function tlsEcho() {
  const server = createServer({ cert: certPem, key: keyPem }, (socket) => socket.pipe(socket));
  await new Promise<void>((resolve) => server.listen(PORT, OUTSIDE, resolve));
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      server.close();
      await once(server, 'close');
    },
  };
}

const dialTls = (servername: string) =>
  connect({ host: OUTSIDE, port: PORT, servername, ca: caPem, checkServerIdentity: () => undefined });

const http = (path: string, host: string) => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

describe('to the outside', () => {
  it('TLS passes to an allowed host, end to end', async () => {
    await using dataplane = await governed();
    await using _server = await tlsEcho();
    const client = dialTls('api.example.com').setEncoding('utf8');
    await once(client, 'secureConnect');
    client.write('hello');
    expect(await once(client, 'data')).toEqual(['hello']);
    client.end();
    await once(client, 'close');
    expect(await dataplane.recorded(1)).toMatchObject([
      { protocol: 'tls', host: 'api.example.com', verdict: 'allow', policy: 'shop/out', rule: 'api' },
    ]);
  });

  it.each([
    ['of another host', 'evil.example', {}],
    ['without a host', '', { hostUnknown: 'no_server_name' }],
  ])('TLS %s is reset before the server has a byte', async (_, servername, more) => {
    await using dataplane = await governed();
    await using server = await TestServer.listen(OUTSIDE, PORT);
    const client = dialTls(servername);
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    expect(await dataplane.recorded(1)).toMatchObject([
      { protocol: 'tls', host: servername, ...more, outcome: 'denied', reason: 'no_rule_allows' },
    ]);
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
    expect(server.peers.map(({ text }) => text).join('')).toBe('');
  });

  it('what the address denies is not even dialled', async () => {
    await using dataplane = await governed();
    await using server = await TestServer.listen(OUTSIDE, CLOSED_PORT);
    expect(await Peer.dial(OUTSIDE, CLOSED_PORT).send(http('/', 'a.example.com')).end()).toBe('rst');
    expect(await dataplane.recorded(1)).toMatchObject([
      { protocol: 'unknown', verdict: 'deny', reason: 'no_rule_allows', policy: 'shop/out' },
    ]);
    expect(server.peers).toEqual([]);
  });

  it('HTTP is judged by its host and path, request by request', async () => {
    await using dataplane = await governed();
    await using _server = await TestServer.listen(OUTSIDE, PORT, (peer) =>
      peer.socket.on('data', () => peer.send(OK)),
    );
    const caller = Peer.dial(OUTSIDE, PORT).send(http('/', 'a.example.com'));
    await caller.got('hi');
    caller.send(http('/', 'evil.example'));
    await caller.got('no_rule_allows');
    caller.send(http('/admin/x', 'a.example.com'));
    await caller.got('no-admin');
    caller.breakOff();
    const records = await dataplane.recorded(3);
    expect(records.map(({ host, verdict, rule }) => [host, verdict, rule])).toEqual([
      ['a.example.com', 'allow', 'api'],
      ['evil.example', 'deny', null],
      ['a.example.com', 'deny', 'no-admin'],
    ]);
  });

  it('opaque bytes pass where the address alone allows them, also when the server speaks first', async () => {
    await using dataplane = await governed();
    await using _server = await TestServer.listen(DATABASE, PORT, (peer) => peer.send('ready\n'));
    const caller = Peer.dial(DATABASE, PORT);
    await caller.got('ready');
    caller.send('\0query').breakOff();
    expect(await dataplane.recorded(1)).toMatchObject([
      { protocol: 'opaque', verdict: 'allow', rule: 'database' },
    ]);
  });

  it('a policy that comes later ends TLS that it does not allow', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using _server = await tlsEcho();
    const client = dialTls('db.example.net').setEncoding('utf8');
    await once(client, 'secureConnect');
    client.write('hello');
    await once(client, 'data');
    dataplane.send({ kind: 'egress-policies', upsert: [POLICY], remove: [] });
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    expect(await dataplane.recorded(1)).toMatchObject([{ host: 'db.example.net', outcome: 'denied' }]);
  });

  it('an audited policy refuses nothing and reports', async () => {
    await using dataplane = await governed();
    await using _server = await TestServer.listen(OUTSIDE, CLOSED_PORT, (peer) => peer.send('hello'));
    dataplane.send({ kind: 'egress-policies', upsert: [{ ...POLICY, mode: 'Audit' }], remove: [] });
    let caller = Peer.dial(OUTSIDE, CLOSED_PORT);
    let dialled = 1;
    // Refused until the change has arrived.
    for (; await isRefused(caller); dialled++) caller = Peer.dial(OUTSIDE, CLOSED_PORT);
    expect(caller.text).toBe('hello');
    caller.breakOff();
    expect((await dataplane.recorded(dialled)).at(-1)).toMatchObject({
      verdict: 'would-deny',
      reason: 'no_rule_allows',
      policy: 'shop/out',
    });
  });
});
