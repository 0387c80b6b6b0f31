// What an uninstall waits for: that no agent has anything left in a pod. Those that don't say so in time are named.
import { lookup } from 'node:dns/promises';
import { setTimeout as pause } from 'node:timers/promises';

const [host, port, patienceSeconds] = process.argv.slice(1);
const deadline = Date.now() + Number(patienceSeconds) * 1_000;

/** Agents may come and go meanwhile, so they are looked up each time. No name means no agent. */
async function agents() {
  const found = await lookup(host, { all: true }).catch((error) => {
    if (error.code === 'ENOTFOUND') return [];
    throw error;
  });
  return found.map(({ address, family }) => (family === 6 ? `[${address}]` : address));
}

/** Null when it has left all pods. */
async function problemOf(address) {
  try {
    const answer = await fetch(`http://${address}:${port}/gone`, { signal: AbortSignal.timeout(5_000) });
    return answer.ok ? null : `${address}: ${(await answer.text()).trim()}`;
  } catch (error) {
    return `${address} does not answer: ${error.cause?.message ?? error.message}`;
  }
}

async function problems() {
  try {
    return (await Promise.all((await agents()).map(problemOf))).filter((problem) => problem !== null);
  } catch (error) {
    return [`agents can't be found: ${error.message}`];
  }
}

let left = await problems();
while (left.length > 0 && Date.now() < deadline) {
  await pause(250);
  left = await problems();
}
console.log(left.length === 0 ? 'no agent has anything in a pod' : left.join('\n'));
process.exit(left.length === 0 ? 0 : 1);
