// Answers every request with as many bytes as its query asks for: `?bytes=1000`.
import { createServer } from 'node:http';

createServer((request, response) => {
  const bytes = Number(new URL(request.url, 'http://sized').searchParams.get('bytes') ?? 10);
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes });
  response.end(Buffer.alloc(bytes));
}).listen(8080, '::');
