// What `helm test` runs: every agent that the cluster has must be ready, and must not show its metrics to everybody.
import { lookup } from 'node:dns/promises';

const [host, port] = process.argv.slice(1);
const problems = [];
const addresses = (await lookup(host, { all: true })).map(({ address, family }) =>
  family === 6 ? `[${address}]` : address,
);
for (const address of addresses) {
  const ask = (path) => fetch(`http://${address}:${port}${path}`, { signal: AbortSignal.timeout(5_000) });
  try {
    const ready = await ask('/readyz');
    if (!ready.ok) problems.push(`${address} is not ready: ${(await ready.text()).trim()}`);
    const metrics = await ask('/metrics');
    if (metrics.status !== 401) problems.push(`${address} shows its metrics without a token`);
  } catch (error) {
    problems.push(`${address} does not answer: ${error.cause?.message ?? error.message}`);
  }
}
console.log(problems.length === 0 ? `${addresses.length} agents are ready` : problems.join('\n'));
process.exit(problems.length === 0 && addresses.length > 0 ? 0 : 1);
