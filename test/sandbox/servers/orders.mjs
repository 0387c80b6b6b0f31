// Orders: lists them, and gives them out by path or by body. One number in three is an order. `/lookups/count` says how many
// bodies have come in so far; `/keys` are those of an issuer of tokens.
import { createServer } from 'node:http';

const FIRST = 1_000_000;
const orderOf = (id) => ({ id, status: 'open', total: id % 997, customer: { name: 'A. Person' } });
const isThere = (id) => id >= FIRST && (id - FIRST) % 3 === 0;
let lookups = 0;

async function textOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

async function answer(request) {
  const { pathname, searchParams } = new URL(request.url, 'http://orders');
  if (pathname === '/keys') return JSON.parse(process.env.KEYS ?? '{"keys":[]}');
  if (pathname === '/lookups/count') return { lookups };
  if (pathname === '/lookups') {
    const { orderId } = JSON.parse(await textOf(request));
    lookups++;
    return isThere(orderId) ? orderOf(orderId) : null;
  }
  if (pathname === '/orders') {
    const from = FIRST + 60 * Number(searchParams.get('page'));
    const length = Number(searchParams.get('size') ?? 20);
    return { items: Array.from({ length }, (_, i) => orderOf(from + 3 * i)) };
  }
  const id = Number(/^\/orders\/(\d+)$/.exec(pathname)?.[1] ?? 0);
  return isThere(id) ? orderOf(id) : null;
}

createServer(async (request, response) => {
  const body = await answer(request);
  response.writeHead(body === null ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body ?? { error: 'no such order' }));
}).listen(8080, '::');
