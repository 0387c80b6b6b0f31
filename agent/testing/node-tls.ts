import { duplexPair } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';

const context = createSecureContext();

/** The server name that Node's TLS (OpenSSL) takes from what a client sends first; null where it comes to none. */
export async function serverNameByNode(sent: Uint8Array): Promise<string | null> {
  let name: string | null = null;
  const [client, wire] = duplexPair();
  const socket = new TLSSocket(wire, {
    isServer: true,
    secureContext: context,
    SNICallback: (servername, done) => {
      name = servername;
      done(null, context);
    },
  });
  socket.on('error', () => {});
  wire.on('error', () => {});
  client.on('error', () => {}).resume();
  client.write(sent);
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  client.destroy();
  return name;
}
