import { createServer, type Http2Session } from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';

/** What Node's HTTP/2 server (nghttp2) makes of bytes, for comparing with ours. */
export interface ServedRequest {
  readonly streamId: number;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
}

const SETTLE_TURNS = 4;

/** The requests that a server takes from what a client has sent, in order. */
export async function requestsByNode(sent: Uint8Array): Promise<ServedRequest[]> {
  const requests: ServedRequest[] = [];
  const server = createServer({ settings: { enableConnectProtocol: true } });
  server.on('session', (session: Http2Session) => session.on('error', () => session.destroy()));
  server.on('sessionError', () => {});
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {}).resume();
    requests.push({
      streamId: stream.id ?? 0,
      method: headers[':method'] ?? '',
      path: headers[':path'] ?? '',
      authority: headers[':authority'] ?? headers.host ?? '',
    });
  });
  const [client, socket] = duplexPair();
  server.emit('connection', socket);
  client.on('error', () => {}).resume();
  client.write(sent);
  await settled();
  client.destroy();
  (socket as Duplex).destroy();
  server.close();
  return requests;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}
