// Answers with what it was sent, so that a byte that changed on the way shows; and does what few servers do.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

// Longer than the agent lets a head or a first byte take in these tests.
const PAUSE_MS = 2_500;

const SPECIAL = {
  '/trailers': (_request, response) => {
    response.writeHead(200, { trailer: 'x-checksum' });
    response.write('part one, ');
    response.addTrailers({ 'x-checksum': 'abc123' });
    response.end('part two\n');
  },
  '/none': (_request, response) => response.writeHead(204).end(),
  '/unchanged': (_request, response) => response.writeHead(304, { etag: '"1"' }).end(),
  '/hints': (_request, response) => {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('after the hints\n');
  },
  '/poll': (_request, response) => setTimeout(() => response.end('news\n'), PAUSE_MS),
  '/events': (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let id = 0;
    const timer = setInterval(() => {
      response.write(`id: ${++id}\ndata: event ${id}\n\n`);
      if (id === 20) clearInterval(timer);
    }, 50);
    setTimeout(() => response.end('data: the end\n\n'), PAUSE_MS);
  },
  // A body that only the end of the connection ends, although the request was HTTP/1.1.
  '/until-close': (request) => request.socket.end(`HTTP/1.1 200 OK\r\n\r\n${'until close '.repeat(10_000)}`),
  '/silence': (request) => request.socket.end(),
  '/reset': (request) => request.socket.resetAndDestroy(),
  '/half': (request) =>
    request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly the beginning'),
};

async function reflect(request, response) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const part of request) {
    hash.update(part);
    bytes += part.length;
  }
  const { method, url, httpVersion, rawHeaders, rawTrailers } = request;
  const body = { bytes, sha256: hash.digest('hex') };
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify({ method, url, httpVersion, rawHeaders, body, rawTrailers })}\n`);
}

function answer(request, response) {
  request.on('error', () => {});
  response.sendDate = false;
  (SPECIAL[request.url] ?? reflect)(request, response);
}

const server = createServer({ keepAliveTimeout: 60_000 }, answer);
server.on('checkContinue', (request, response) => {
  if (request.url === '/unwanted') {
    response.writeHead(413, { connection: 'close' }).end('too much\n');
    return;
  }
  response.writeContinue();
  answer(request, response);
});
server.on('upgrade', (_request, socket, head) => {
  socket.on('error', () => {});
  socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
  if (head.length > 0) socket.write(head);
  socket.pipe(socket);
});
server.listen(8080);
