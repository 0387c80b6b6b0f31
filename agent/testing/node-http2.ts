import { createServer, type Http2Session } from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';

/** What Node's HTTP/2 server (nghttp2) makes of bytes, for comparing with ours. */
export interface ServedRequest {
  readonly streamId: number;
  readonly method: string;
  readonly path: string;
  readonly authority: string;
  /** Without those that it folds or splits. */
  readonly fields: Readonly<Record<string, string>>;
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
      fields: plainFields(Object.entries(headers)),
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

const FOLDED = new Set(['cookie', 'host', 'set-cookie']);

const PRINTABLE = /^[ -~]*$/;

/** Those that came once, and that any two readers should read alike: nghttp2 leaves fields with control bytes out. */
export function plainFields(
  fields: Iterable<readonly [name: string, value: unknown]>,
): Record<string, string> {
  const plain = new Map<string, string>();
  const repeated = new Set<string>();
  for (const [name, value] of fields) {
    if (plain.has(name)) repeated.add(name);
    const readable = /^[a-z]/.test(name) && PRINTABLE.test(String(value));
    if (readable && !FOLDED.has(name)) plain.set(name, String(value));
  }
  return Object.fromEntries([...plain].filter(([name]) => !repeated.has(name)));
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < SETTLE_TURNS; turn++) await new Promise((resolve) => setImmediate(resolve));
}
