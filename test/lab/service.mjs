// Orders: lists them and gives them out one by one. One number in three is an order.
import { createServer } from 'node:http';

const FIRST = 1_000_000;
const NUMBERS = 6_000_000;

const orderOf = (id) => ({ id, status: 'open', total: id % 997, customer: { name: 'A. Person' } });
const isThere = (id) => id >= FIRST && id < FIRST + NUMBERS && (id - FIRST) % 3 === 0;
const someId = () => FIRST + 3 * Math.floor(Math.random() * (NUMBERS / 3));

createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://orders');
  const match = /^\/orders(?:\/(\d+))?$/.exec(pathname);
  const answer = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  if (match === null) return answer(404, { error: 'no such thing' });
  if (match[1] !== undefined) {
    const id = Number(match[1]);
    return isThere(id) ? answer(200, orderOf(id)) : answer(404, { error: 'no such order' });
  }
  const page = searchParams.get('page');
  const size = Number(searchParams.get('size') ?? '20');
  const ids = Array.from({ length: size }, (_, i) =>
    page === null ? someId() : FIRST + 3 * (page * size + i),
  );
  answer(200, { items: ids.map(orderOf) });
}).listen(8080);
