import { once } from 'node:events';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { describe, expect, it } from 'vitest';
import { DataplaneProcess, FREE, PORT } from '../../support/dataplane-process.ts';
import { Peer, TestServer } from '../../support/peer.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

/** The status, or the error code that the stream was reset with. */
async function ask(session: ClientHttp2Session, head: OutgoingHttpHeaders): Promise<number> {
  const stream = session.request(head).on('error', () => {});
  let status: number | null = null;
  stream.on('response', (answer) => {
    status = Number(answer[':status']);
  });
  await new Promise((resolve) => stream.resume().on('close', resolve));
  return status ?? stream.rstCode;
}

describe('whom a request is for', () => {
  it('has to be said in HTTP/2 where it begins to be said, and the connection goes on where it is not', async () => {
    await using dataplane = await DataplaneProcess.start();
    const server = createServer();
    const seen: string[] = [];
    server.on('stream', (stream, head) => {
      seen.push(`${head[':method']} ${head[':authority'] ?? head.host}`);
      stream.respond({}, { endStream: true });
    });
    await once(server.listen(PORT, FREE), 'listening');
    const session = connect(`http://${FREE}:${PORT}`);
    const other = { ':authority': undefined, host: 'shop' };
    expect(await ask(session, { ':authority': '' })).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    expect(await ask(session, { ':authority': '', host: 'shop' })).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    expect(await ask(session, { ':authority': 'shop', host: 'bank' })).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    expect(await ask(session, { ':authority': 'shop:80', host: 'shop' })).toBe(200);
    expect(await ask(session, other)).toBe(200);
    expect(await ask(session, { ...other, ':method': 'OPTIONS', ':path': '*' })).toBe(200);
    expect(seen).toEqual(['GET shop:80', 'GET shop', 'OPTIONS shop']);
    const refused = { protocol: 'h2', outcome: 'malformed_request' };
    expect((await dataplane.recorded(6)).slice(0, 3)).toMatchObject([refused, refused, refused]);
    session.destroy();
    server.close();
  });

  it('may be left out in HTTP/1.1, but for a port', async () => {
    await using dataplane = await DataplaneProcess.start();
    await using server = await TestServer.listen(FREE, PORT, (peer) => {
      peer.socket.on('data', () => peer.send(OK));
      peer.socket.on('end', () => peer.finish());
    });
    const served = Peer.dial(FREE, PORT).send('GET / HTTP/1.1\r\nHost:\r\n\r\n');
    await served.got('hi');
    served.finish();
    expect((await server.accepted()).text).toContain('Host:\r\n');
    const refused = Peer.dial(FREE, PORT).send('GET / HTTP/1.1\r\nHost: :80\r\n\r\n');
    await refused.got('HTTP/1.1 400');
    expect((await server.accepted(1)).text).toBe('');
    refused.finish();
    expect(await dataplane.recorded(2)).toMatchObject([
      { outcome: 'ok', status: 200 },
      { outcome: 'malformed_request', status: 400 },
    ]);
  });
});
