// One workload: its usual traffic from the start, and what an attacker inside of it asks for from some moment on.
// `node caller.mjs ROLE ATTACK LEARN_SECONDS`; a line of JSON for each id that the attacker asks for.
import { Agent, request } from 'node:http';

const [role, attack, learnSeconds] = process.argv.slice(2);
const FIRST = 1_000_000;
const NUMBERS = 6_000_000;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

const someId = () => FIRST + 3 * Math.floor(Math.random() * (NUMBERS / 3));
const chance = (p) => Math.random() < p;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const pause = (perSecond) => wait((-Math.log(1 - Math.random()) / perSecond) * 1_000);

function get(path) {
  return new Promise((resolve) => {
    const call = request({ host: 'orders.lab', port: 80, path, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
      response.on('error', () => resolve({ status: 0, text: '' }));
    });
    call.on('error', () => resolve({ status: 0, text: '' }));
    call.end();
  });
}

async function list(query) {
  const { status, text } = await get(`/orders?${query}`);
  return status === 200 ? JSON.parse(text).items.map(({ id }) => id) : [];
}

async function order(id) {
  for (let tries = chance(0.03) ? 2 : 1; tries > 0; tries--) await get(`/orders/${id}`);
}

const ROLES = {
  async frontend() {
    if (chance(0.045)) await order(someId());
    else for (const id of (await list('size=20')).slice(0, Math.floor(Math.random() * 4))) await order(id);
    await pause(10);
  },
  async recommender() {
    const ids = await list('size=5');
    for (const id of ids) await order(chance(0.004) ? someId() : id);
    await pause(1);
  },
  async exporter() {
    for (let page = 0; page < 5; page++)
      for (const id of await list(`size=100&page=${page}`)) await order(id);
    await wait(10_000);
  },
  async reconcile() {
    for (let i = 0; i < 300; i++) {
      await order(FIRST + 3 * ((i * 6_151) % 100_000));
      await wait(5);
    }
    // Longer than the agent remembers: the answers show the ids, and would explain the next run.
    await wait(15_000);
  },
  async support() {
    await order(chance(0.1) ? someId() : ((await list('size=1'))[0] ?? someId()));
    await pause(4);
  },
};

const START = 4_000_000 - ((4_000_000 - FIRST) % 3);
const ATTACKS = {
  burst: { perSecond: 20, id: (n) => START + 3 * n },
  slow: { perSecond: 0.75, id: (n) => START + 3 * n },
  blended: { perSecond: 3, id: (n) => START + 3 * n },
  shuffled: { perSecond: 5, id: (n) => START + 3 * ((n * 179 + 31) % 512) },
  sequential: { perSecond: 5, id: (n) => START + n },
  guessing: { perSecond: 10, id: () => 10_000_000 + Math.floor(Math.random() * 2 ** 31) },
  harvested: { perSecond: 5, id: async () => (await list('size=1'))[0] },
};

async function usual() {
  for (;;) await ROLES[role]();
}

async function attacker({ perSecond, id }) {
  await wait(Number(learnSeconds) * 1_000);
  for (let n = 0; ; n++) {
    const asked = await id(n);
    const at = Date.now();
    const { status } = await get(`/orders/${asked}`);
    process.stdout.write(`${JSON.stringify({ at, status })}\n`);
    await pause(perSecond);
  }
}

void usual();
if (attack !== 'none') void attacker(ATTACKS[attack]);
