import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import { describe, expect, it } from 'vitest';
import { headers } from '../../../agent/testing/h2/relay-playbook.ts';
import {
  DataplaneProcess,
  ENFORCED,
  FREE,
  LISTENER_PORT,
  PORT,
  policyFor,
} from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const DENIED = 'DELETE / HTTP/1.1\r\nHost: a\r\n\r\n';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0';
const ROUNDS = 3;
/** Too long to be put off to the end of a turn. */
const END = Buffer.alloc(20_000, 0x61);
/** Sockets that a dataplane has accepted and that are neither reset nor over, as those of tests before. */
const TO_CALLERS = ['-Htn', 'state', 'connected', 'exclude', 'time-wait', `sport = :${LISTENER_PORT}`];

const ask = (streamId: number, method: string) =>
  headers(streamId, [
    [':method', method],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'a'],
  ]);

/** One request at a time may be under way, of all that `frontend` asks. */
async function limitedToOne(): Promise<DataplaneProcess> {
  const dataplane = await DataplaneProcess.start();
  const policy = policyFor('enforced', 'Enforce');
  const rules = policy.rules.map((rule) => ({ ...rule, limits: [{ key: 'Pod' as const, concurrency: 1 }] }));
  dataplane.send({ kind: 'policies', upsert: [{ ...policy, rules }], remove: [] });
  return dataplane;
}

/** The dataplane reads the bytes, and meets the reset as soon as it answers. */
function breakOffBehind(dataplane: DataplaneProcess, caller: Peer, bytes: string | Uint8Array): void {
  process.kill(dataplane.pid, 'SIGSTOP');
  caller.send(bytes);
  caller.breakOff();
  process.kill(dataplane.pid, 'SIGCONT');
}

describe('a caller that has broken off behind its requests', () => {
  it('is asked nothing any more in HTTP/1.1: one record, and no place in a limit is taken', async () => {
    await using dataplane = await limitedToOne();
    await using server = await TestServer.listen(ENFORCED, PORT);
    for (let round = 0; round < ROUNDS; round++) {
      const caller = Peer.dial(ENFORCED, PORT);
      await server.accepted(round);
      breakOffBehind(dataplane, caller, DENIED + GET);
      await dataplane.recorded(round + 1);
    }
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
    const last = Peer.dial(ENFORCED, PORT).send(GET);
    await (await server.accepted(ROUNDS)).got(GET);
    expect(dataplane.records).toHaveLength(ROUNDS);
    last.breakOff();
  });

  it('is asked nothing any more in HTTP/2', async () => {
    await using dataplane = await limitedToOne();
    const server = createServer();
    let heard = 0;
    server.on('session', (session) => session.on('error', () => {}));
    server.on('stream', (stream) => {
      heard++;
      stream.on('error', () => {});
    });
    await once(server.listen(PORT, ENFORCED), 'listening');
    for (let round = 0; round < ROUNDS; round++) {
      const caller = Peer.dial(ENFORCED, PORT).send(PREFACE);
      // Before the server's SETTINGS nothing could be answered.
      await caller.got('\0\0\0\x04\x01');
      breakOffBehind(dataplane, caller, Buffer.concat([ask(1, 'DELETE'), ask(3, 'GET')]));
      await dataplane.recorded(round + 1);
    }
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
    const last = Peer.dial(ENFORCED, PORT).send(PREFACE).send(ask(1, 'GET'));
    await eventually(() => expect(heard).toBe(1));
    expect(dataplane.records).toHaveLength(ROUNDS);
    last.breakOff();
    server.close();
  });

  it('has one record of an answer whose end meets the reset', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT);
    const caller = Peer.dial(FREE, PORT).send(GET + GET);
    const peer = await server.accepted();
    await peer.got(GET);
    // Its FIN waits behind the second request, so only a write can meet what follows it.
    caller.socket.destroy();
    peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${END.length + 1}\r\n\r\n-`);
    await eventually(() => expect(execFileSync('ss', TO_CALLERS, { encoding: 'utf8' })).toBe(''));
    peer.send(END);
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
    expect((await dataplane.recorded(1)).map(({ outcome }) => outcome)).toEqual(['caller_reset']);
  });
});
