import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { leaveMeasuredCore } from './cluster/cores.ts';
import { parseOptions } from './run/options.ts';
import { table } from './run/report.ts';
import { run } from './run/run.ts';

// `node bench/main.ts [--rounds n] [--seconds n] [scenario or subject…]`; see README.md beside it.

const RESULTS = join(import.meta.dirname, 'results');

const options = parseOptions(process.argv.slice(2));
// By way of `exit`, so that what is to be removed then is removed.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
leaveMeasuredCore();
const results = await run(options, {
  log: (line) => process.stderr.write(`${line}\n`),
  finished: (result) => process.stdout.write(`\n${table(result)}`),
});
mkdirSync(RESULTS, { recursive: true });
writeFileSync(join(RESULTS, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
