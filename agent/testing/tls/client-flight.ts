import { Buffer } from 'node:buffer';
import { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';

/** The ClientHello that Node's own TLS client (OpenSSL) sends first, without any network. */
export async function clientFlight(options: ConnectionOptions): Promise<Uint8Array> {
  const flight = Promise.withResolvers<Buffer>();
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      flight.resolve(chunk);
      done();
    },
  });
  const client = connect({ socket: wire, rejectUnauthorized: false, ...options });
  client.on('error', flight.reject);
  const bytes = Uint8Array.from(await flight.promise);
  client.destroy();
  return bytes;
}

const RECORD_HEAD = 5;
const MESSAGE_HEAD = 4;

/** The same ClientHello, in one record, with one more extension at its end. */
export function withExtension(flight: Uint8Array, type: number, content: Uint8Array): Uint8Array {
  const message = Buffer.from(flight.subarray(RECORD_HEAD));
  const added = Buffer.concat([uint16(type), uint16(content.length), content]);
  const at = extensionsAt(message);
  message.writeUInt16BE(message.readUInt16BE(at) + added.length, at);
  const longer = Buffer.concat([message, added]);
  longer.writeUIntBE(longer.length - MESSAGE_HEAD, 1, 3);
  return Uint8Array.from(Buffer.concat([flight.subarray(0, 3), uint16(longer.length), longer]));
}

/** The same handshake message in records of at most `size` bytes. */
export function inRecords(flight: Uint8Array, size: number): Uint8Array {
  const message = flight.subarray(RECORD_HEAD);
  const records: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += size) {
    const part = message.subarray(at, at + size);
    records.push(flight.subarray(0, 3), uint16(part.length), part);
  }
  return Uint8Array.from(Buffer.concat(records));
}

/** Where the length of the extensions stands (RFC 8446 §4.1.2): after version, random, session, suites and compression. */
function extensionsAt(message: Buffer): number {
  let at = MESSAGE_HEAD + 2 + 32;
  at += 1 + message.readUInt8(at);
  at += 2 + message.readUInt16BE(at);
  return at + 1 + message.readUInt8(at);
}

const uint16 = (value: number) => Buffer.of(value >> 8, value & 0xff);
