// undici's client: keep-alive, ten requests at once on one connection, and requests that are given up.
import { Client } from 'undici';

const [origin] = process.argv.slice(2);

async function get(client, path) {
  const { statusCode, body } = await client.request({ method: 'GET', path });
  const { url } = await body.json();
  if (statusCode !== 200 || url !== path) throw new Error(`${path}: ${statusCode} for ${url}`);
}

const single = new Client(origin);
let connections = 0;
single.on('connect', () => connections++);
for (let at = 0; at < 100; at++) await get(single, `/one/${at}`);
await single.close();

const pipelining = new Client(origin, { pipelining: 10 });
const answers = await Promise.all(Array.from({ length: 200 }, (_, at) => get(pipelining, `/many/${at}`)));
await pipelining.close();

const impatient = new Client(origin);
const aborted = [];
for (let at = 0; at < 5; at++) {
  const controller = new AbortController();
  const call = impatient.request({ method: 'GET', path: '/poll', signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  aborted.push(await call.catch((error) => error.name));
  await get(impatient, `/after/${at}`);
}
await impatient.close();

process.stdout.write(
  `${JSON.stringify({ keepAlive: 100, connections, pipelined: answers.length, aborted })}\n`,
);
