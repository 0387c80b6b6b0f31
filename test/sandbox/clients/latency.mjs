// `node latency.mjs URL COUNT`: asks one after the other on one connection, and tells how long it took, in ms.
import { Agent, get } from 'node:http';

const [, , url, count] = process.argv;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const took = [];
const statuses = {};

for (let i = 0; i < Number(count); i++) {
  const startedAt = performance.now();
  const status = await new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
  took.push(performance.now() - startedAt);
  statuses[status] = (statuses[status] ?? 0) + 1;
}
took.sort((a, b) => a - b);
const at = (part) => took[Math.floor(part * took.length)];
const result = { p50: at(0.5), p99: at(0.99), max: took.at(-1), statuses };
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit());
