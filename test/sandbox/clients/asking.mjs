// Does what lines of JSON on stdin say, one after the other and over kept connections, and answers each with one line: the
// statuses. `{list: page, as?}` lists a page and gets what is on it; `{only: page}` lists it; `{get: [id …], as?}` and
// `{post: [id …]}` ask for ids by path and by body. `as` is a token. Asks `orders.shop`, or whom its argument names.
import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';

const [, , host = 'orders.shop'] = process.argv;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function ask(path, { token, body } = {}) {
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json', 'content-length': body.length }),
  };
  const method = body === undefined ? 'GET' : 'POST';
  return new Promise((resolve) => {
    const call = request({ host, port: 80, path, agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
      response.on('error', () => resolve({ status: 0, text: '' }));
    });
    call.on('error', () => resolve({ status: 0, text: '' }));
    call.end(body);
  });
}

async function list(page, token) {
  const { status, text } = await ask(`/orders?page=${page}`, { token });
  return status === 200 ? JSON.parse(text).items.map(({ id }) => id) : [];
}

async function work({ list: page, only, get, post, as: token }) {
  if (only !== undefined) return [(await list(only, token)).length];
  const statuses = [];
  for (const id of get ?? (page === undefined ? [] : await list(page, token)))
    statuses.push((await ask(`/orders/${id}`, { token })).status);
  for (const orderId of post ?? [])
    statuses.push((await ask('/lookups', { body: JSON.stringify({ orderId }) })).status);
  return statuses;
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await work(JSON.parse(line)))}\n`);
