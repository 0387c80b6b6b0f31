import { describe, expect, it } from 'vitest';
import { headers } from '../../../agent/testing/h2/relay-playbook.ts';
import { DataplaneProcess, ENFORCED, FREE, PORT } from '../../support/dataplane-process.ts';
import { eventually } from '../../support/eventually.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const REQUEST = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/orders'],
  [':authority', 'a'],
] as const;
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\nhi';

const CHUNKS = 'POST /orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n';
const EXPECTING = 'POST /orders HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n';
const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';
const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const TUNNEL = 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n';
const SETTINGS = '\0\0\0\x04\0\0\0\0\0';
const STREAM = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SETTINGS}${latin1(headers(1, REQUEST, { end: false }))}`;
const ANSWERED = `${SETTINGS}${latin1(headers(1, [[':status', '200']], { end: false }))}`;

const HALF_HEAD = 'GET / HTTP/1.1\r\nHost';

/** How far a caller and its server get before one of them ends it. */
const STAGES: readonly (readonly [question: string, answer: string])[] = [
  ['', ''],
  ['GET / HT', ''],
  [GET, ''],
  [GET, 'HTTP/1.1 20'],
  [GET, HALF],
  [GET, OK],
  [GET + GET, ''],
  [GET + GET, HALF],
  [POST, ''],
  [POST, OK],
  [POST, HALF],
  ['\0opaque', ''],
  ['\0opaque', 'answer'],
  ['', 'greeting'],
  [HALF_HEAD, ''],
  [CHUNKS, ''],
  [`${CHUNKS}0\r\nTrailer: x\r\n`, OK],
  [EXPECTING, ''],
  [EXPECTING, CONTINUE],
  [EXPECTING, `${CONTINUE}${OK}`],
  [UPGRADE, ''],
  [UPGRADE, SWITCHED],
  [TUNNEL, 'HTTP/1.1 200 OK\r\n\r\n'],
  [STREAM, ''],
  [STREAM, SETTINGS],
  [STREAM, ANSWERED],
  ['DELETE / HTTP/1.1\r\nHost: a\r\n\r\n', OK],
];
const ENDINGS = ['finish', 'breakOff'] as const;
const ROUNDS = 3;

describe.each([FREE, ENFORCED])('after every kind of ending at every stage, to %s', (ip) => {
  it('no connection is left, and each exchange has one record', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(ip, PORT, endsInTurn);
    const callers: { readonly caller: Peer; readonly asked: string }[] = [];
    for (let round = 0; round < ROUNDS; round++)
      for (const [question, answer] of STAGES)
        for (const how of ENDINGS)
          for (const side of ['caller', 'server'] as const) {
            // FIN behind a request that waits for its turn waits with it.
            if (how === 'finish' && side === 'caller' && question === GET + GET) continue;
            const caller = endsInTurn(Peer.dial(ip, PORT)).send(question);
            callers.push({ caller, asked: question });
            const upstream = await server.accepted(callers.length - 1);
            if (answer !== '') upstream.send(answer);
            // Some endings come together with the bytes before them, others after.
            if (round > 0 && question.endsWith('\n')) await eitherHears(caller, upstream);
            (side === 'caller' ? caller : upstream)[how]();
          }
    await eventually(() => expect(dataplane.totals?.openConnections).toBe(0));
    await eventually(() => expect(callers.filter(({ caller }) => !caller.closed)).toEqual([]));
    // Half a head is no exchange yet; two requests on a connection may be two. They come apart from totals, and later.
    const atLeast = callers.filter(({ asked }) => asked !== HALF_HEAD).length;
    const ids = (await dataplane.recorded(atLeast)).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

const eitherHears = (caller: Peer, upstream: Peer) =>
  eventually(() => expect(caller.count + upstream.count).toBeGreaterThan(0));

/** Who hears the end of the other ends too, as programs do. */
function endsInTurn(peer: Peer): Peer {
  peer.socket.once('end', () => peer.finish());
  return peer;
}
