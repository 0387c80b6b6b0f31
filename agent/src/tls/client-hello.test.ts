import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { piecesOf } from '../../testing/h2/wire-frames.ts';
import { type ClientHelloAnswer, ClientHelloReader } from './client-hello.ts';

function read(pieces: readonly Uint8Array[]): ClientHelloAnswer {
  const reader = new ClientHelloReader();
  let answer: ClientHelloAnswer = { kind: 'need-more' };
  for (const piece of pieces) answer = reader.feed(piece, 0, piece.length);
  return answer;
}

/** The bytes a client sends before it hears anything: a whole ClientHello. */
async function firstFlight(dial: (port: number) => { end(): void }): Promise<Uint8Array> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = dial((server.address() as AddressInfo).port);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const chunks: Buffer[] = [];
  const reader = new ClientHelloReader();
  socket.on('error', () => socket.destroy());
  while (true) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    chunks.push(chunk);
    if (reader.feed(chunk, 0, chunk.length).kind !== 'need-more') break;
  }
  socket.destroy();
  client.end();
  server.close();
  return Uint8Array.from(Buffer.concat(chunks));
}

const fromNode = (options: ConnectionOptions) =>
  firstFlight((port) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    socket.on('error', () => socket.destroy());
    return socket;
  });

const fromOpenssl = (...args: readonly string[]) =>
  firstFlight((port) => {
    const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], {
      stdio: 'ignore',
    });
    return { end: () => child.kill() };
  });

/** The handshake message without its records, and back in records of given sizes. */
function messageOf(flight: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let pos = 0; pos < flight.length; ) {
    const length = ((flight[pos + 3] ?? 0) << 8) | (flight[pos + 4] ?? 0);
    parts.push(flight.subarray(pos + 5, pos + 5 + length));
    pos += 5 + length;
  }
  return Uint8Array.from(Buffer.concat(parts));
}

const recordsOf = (message: Uint8Array, cuts: readonly number[]): Uint8Array =>
  Uint8Array.from(
    Buffer.concat(
      piecesOf(message, cuts)
        .filter((piece) => piece.length > 0)
        .map((piece) => Buffer.from([22, 3, 1, piece.length >> 8, piece.length & 0xff, ...piece])),
    ),
  );

let flight: Uint8Array;
beforeAll(async () => {
  flight = await fromNode({ servername: 'Orders.shop.example', ALPNProtocols: ['h2', 'http/1.1'] });
});

const TLS13 = 0x0304;
const TLS12 = 0x0303;

describe('real clients', () => {
  it('node:tls', () => {
    expect(read([flight])).toEqual({
      kind: 'hello',
      hello: { sni: 'orders.shop.example', alpn: ['h2', 'http/1.1'], ech: false, versions: [TLS13, TLS12] },
    });
  });

  it('node:tls by address, TLS 1.2 only', async () => {
    const old = await fromNode({ maxVersion: 'TLSv1.2' });
    expect(read([old])).toEqual({
      kind: 'hello',
      hello: { sni: '', alpn: [], ech: false, versions: [TLS12] },
    });
  });

  it('openssl with a long server name and a small record size', async () => {
    const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`;
    const seen = await fromOpenssl('-servername', name, '-alpn', 'h2,acme-tls/1', '-tls1_3');
    expect(read([seen])).toEqual({
      kind: 'hello',
      hello: { sni: name, alpn: ['h2', 'acme-tls/1'], ech: false, versions: [TLS13] },
    });
  });

  it('openssl without a server name', async () => {
    expect(read([await fromOpenssl('-noservername')])).toMatchObject({ kind: 'hello', hello: { sni: '' } });
  });
});

describe('any cut', () => {
  it('of the reads gives the same answer', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (cuts) => {
        expect(read(piecesOf(flight, cuts))).toEqual(read([flight]));
      }),
    );
  });

  it('of the records and the reads gives the same answer', () => {
    const message = messageOf(flight);
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 9 }),
        fc.array(fc.nat(), { maxLength: 9 }),
        (records, reads) => {
          expect(read(piecesOf(recordsOf(message, records), reads))).toEqual(read([flight]));
        },
      ),
    );
  });

  it('a byte at a time, in records of one byte', () => {
    const message = messageOf(flight);
    const tiny = recordsOf(
      message,
      Array.from(message, (_, at) => at),
    );
    expect(tiny).toHaveLength(message.length * 6);
    expect(read(Array.from(tiny, (byte) => Uint8Array.of(byte)))).toEqual(read([flight]));
  });

  it('short of the end asks for more', () => {
    for (let end = 0; end < flight.length; end++)
      expect(read([flight.subarray(0, end)])).toEqual({ kind: 'need-more' });
  });
});

/** A ClientHello with these extensions and nothing remarkable. */
function helloWith(...extensions: readonly (readonly [type: number, hex: string])[]): Uint8Array {
  const body = extensions.map(([type, hex]) => {
    const content = Buffer.from(hex.replaceAll(' ', ''), 'hex');
    return Buffer.concat([uint16(type), uint16(content.length), content]);
  });
  const all = Buffer.concat(body);
  const fixed = Buffer.concat([
    uint16(TLS12),
    Buffer.alloc(32),
    Buffer.from('00 0002 1301 0100'.replaceAll(' ', ''), 'hex'),
  ]);
  const hello = Buffer.concat([fixed, uint16(all.length), all]);
  const message = Buffer.concat([Buffer.of(1, 0), uint16(hello.length), hello]);
  return Buffer.concat([Buffer.of(22, 3, 1), uint16(message.length), message]);
}

const uint16 = (value: number) => Buffer.of(value >> 8, value & 0xff);

describe('extensions', () => {
  it('notes encrypted ClientHello, and passes over what it does not know and GREASE', () => {
    const seen = read([
      helloWith([0xfe0d, '0001'], [0x0a0a, ''], [43, '06 2a2a 0304 0303'], [0xffff, 'beef']),
    ]);
    expect(seen).toEqual({
      kind: 'hello',
      hello: { sni: '', alpn: [], ech: true, versions: [TLS13, TLS12] },
    });
  });

  it('may be missing altogether', () => {
    const whole = helloWith();
    const bare = whole.slice(0, -2);
    bare[4] = (bare[4] ?? 0) - 2;
    bare[8] = (bare[8] ?? 0) - 2;
    expect(read([bare])).toMatchObject({ kind: 'hello', hello: { versions: [TLS12] } });
  });

  it.each<[string, [number, string][]]>([
    ['an empty server name', [[0, '0003 00 0000']]],
    ['no server name in the list', [[0, '0000']]],
    ['two server names', [[0, '0008 00 0001 61 00 0001 62']]],
    ['a server name with NUL', [[0, '0006 00 0003 610062']]],
    ['a server name with a slash', [[0, '0006 00 0003 612f62']]],
    ['a server name of another type', [[0, '0004 01 0001 61']]],
    ['a server name longer than its list', [[0, '0004 00 0002 61']]],
    ['bytes after the server name', [[0, '0004 00 0001 61 ff']]],
    [
      'the same extension twice',
      [
        [43, '02 0304'],
        [43, '02 0303'],
      ],
    ],
    ['an empty ALPN name', [[16, '0001 00']]],
    ['no ALPN name', [[16, '0000']]],
    ['an ALPN name that is cut', [[16, '0003 03 6832']]],
    ['half a version', [[43, '03 030403']]],
  ])('%s is malformed', (_, extensions) => {
    expect(read([helloWith(...extensions)])).toMatchObject({ kind: 'malformed' });
  });
});

describe('anything else', () => {
  it.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n'), 'not-tls'],
    ['another record type', Buffer.of(23, 3, 3, 0, 1), 'not-tls'],
    ['an unknown major version', Buffer.of(22, 2, 0), 'not-tls'],
    ['an empty record', Buffer.of(22, 3, 1, 0, 0), 'malformed'],
    ['a record that is too long', Buffer.of(22, 3, 1, 0x40, 1), 'malformed'],
    ['another message', Buffer.of(22, 3, 1, 0, 4, 2, 0, 0, 0), 'malformed'],
    ['a message above 64 KiB', Buffer.of(22, 3, 1, 0, 4, 1, 1, 0, 1), 'malformed'],
    ['a record of another type in between', Buffer.of(22, 3, 1, 0, 4, 1, 0, 0, 9, 23), 'malformed'],
    ['a record of another version in between', Buffer.of(22, 3, 1, 0, 4, 1, 0, 0, 9, 22, 4), 'malformed'],
    ['an empty message', Buffer.of(22, 3, 1, 0, 4, 1, 0, 0, 0), 'malformed'],
  ])('%s', (_, bytes, kind) => {
    expect(read([bytes])).toMatchObject({ kind });
  });

  it('never throws on a damaged hello, and its answer stays', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), (damage) => {
        const bytes = flight.slice();
        for (const [at, byte] of damage) bytes[at % bytes.length] = byte;
        const reader = new ClientHelloReader();
        const answer = reader.feed(bytes, 0, bytes.length);
        if (answer.kind !== 'need-more') expect(reader.feed(bytes, 0, bytes.length)).toBe(answer);
      }),
    );
  });

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const framed = Uint8Array.from([22, 3, 1, 1, 44, 1, 0, 0, 200, ...bytes]);
        expect(['hello', 'need-more', 'malformed']).toContain(read([framed]).kind);
      }),
    );
  });
});
