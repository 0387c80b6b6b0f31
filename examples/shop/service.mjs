// One service of the example shop: `node service.mjs orders`. Plain Node, knows nothing of Eastwall.
import { createServer, get } from 'node:http';

const role = process.argv[2];
const port = Number(process.env.PORT ?? 8080);

/** GET an URL inside the shop; resolves with its status. */
const call = (url) =>
  new Promise((resolve) => {
    get(url, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    }).on('error', () => resolve(0));
  });

const idOf = (path) => Number(path.split('/').at(-1));

/** What each role answers, by path prefix. The first match wins. */
const ROLES = {
  orders: {
    // Nobody registered this one: left over from a migration, still answering.
    '/internal/export': () => ({
      orders: Array.from({ length: 100 }, (_, id) => ({ id, card: '4111-1111-1111-1111' })),
    }),
    '/orders/': async (path) => ({
      id: idOf(path),
      invoice: await call(`http://billing/invoices/${idOf(path)}`),
    }),
    '/orders': () => ({ orders: [1, 2, 3] }),
  },
  billing: {
    '/invoices/': (path) => ({ id: idOf(path), total: 42, iban: 'DE02120300000000202051' }),
  },
  report: {
    '/report': (_, query) => ({ user: query.get('user'), spent: 1234 }),
  },
};

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://shop');
  const [, answer] = Object.entries(ROLES[role]).find(([prefix]) => pathname.startsWith(prefix)) ?? [];
  response.statusCode = answer === undefined ? 404 : 200;
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify(answer === undefined ? { error: 'not found' } : await answer(pathname, searchParams)),
  );
});
server.listen(port);
