import { appendFileSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

/**
 * Receives events: each body is a line of `received.jsonl` in the directory that is its argument, written before it answers.
 * The file `mode` there says how it behaves: `ok`, `503`, `stall` (never answers), `die` (ends after
 * it has written what was posted to `/hook`, and before it answers; others get a 503, so that it dies once).
 */
const [, , directory] = process.argv;
const modeNow = () => readFileSync(`${directory}/mode`, 'utf8').trim();

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const bytes = Buffer.concat(parts);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
}

createServer(async (request, response) => {
  const body = await bodyOf(request);
  const mode = modeNow();
  if (mode === 'stall') return;
  if (mode === '503' || (mode === 'die' && request.url !== '/hook')) {
    response.writeHead(503, { 'retry-after': '1' }).end();
    return;
  }
  if (request.headers.authorization !== 'Bearer of-the-siem') {
    response.writeHead(401).end();
    return;
  }
  appendFileSync(`${directory}/received.jsonl`, `${JSON.stringify({ url: request.url, body })}\n`);
  if (mode === 'die') process.exit(1);
  response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
}).listen(8080, '::');
