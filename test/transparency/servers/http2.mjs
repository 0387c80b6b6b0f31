// HTTP/2 without TLS: says what it was sent, sends large bodies, trailers, and ends streams in every way.
import { createHash } from 'node:crypto';
import { constants, createServer } from 'node:http2';

const SIZE = 16 << 20;
const block = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 31) % 251));

const SPECIAL = {
  '/large': async (stream) => {
    stream.respond({ ':status': 200 });
    for (let sent = 0; sent < SIZE; sent += block.length) {
      if (!stream.write(block)) await new Promise((resolve) => stream.once('drain', resolve));
    }
    stream.end();
  },
  '/trailers': (stream) => {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-checksum': 'abc123' }));
    stream.end('a body\n');
  },
  '/hints': (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</style.css>; rel=preload' });
    stream.respond({ ':status': 200 });
    stream.end('after the hints\n');
  },
  '/none': (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
  '/refused': (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
  '/broken': (stream) => {
    stream.respond({ ':status': 200 });
    stream.write('the beginning', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  },
  '/goaway': (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('the last one\n');
    stream.session.close();
  },
};

async function reflect(stream, headers) {
  const hash = createHash('sha256');
  let bytes = 0;
  let trailers = {};
  stream.on('trailers', (fields) => {
    trailers = { ...fields };
  });
  for await (const part of stream) {
    hash.update(part);
    bytes += part.length;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  stream.end(`${JSON.stringify({ headers, bytes, sha256: hash.digest('hex'), trailers })}\n`);
}

const server = createServer({ settings: { maxConcurrentStreams: 500, initialWindowSize: 1 << 20 } });
server.on('sessionError', () => {});
server.on('stream', (stream, headers) => {
  stream.on('error', () => {});
  (SPECIAL[headers[':path']] ?? reflect)(stream, headers);
});
server.listen(8080);
