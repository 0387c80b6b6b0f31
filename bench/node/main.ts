import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { measureAgent } from './agent.ts';
import { type CaptureFigures, report } from './report.ts';

// `make bench-node`: what a full node takes and how fast it follows; see README.md above.

const RESULTS = join(import.meta.dirname, '../results');
const FLAGS = process.getuid?.() === 0 ? '-nmpf' : '-Urnmpf';
/** A place for network namespaces, and a loopback that works. */
const PREPARE = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$@"';

const log = (line: string) => process.stderr.write(`${line}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

log('capture of namespaces: a minute');
const capture = await measureCapture();
const agent = await measureAgent(log);
const figures = report(capture, agent);
mkdirSync(RESULTS, { recursive: true });
writeFileSync(join(RESULTS, 'node.md'), figures);
writeFileSync(join(RESULTS, 'node.json'), `${JSON.stringify({ capture, agent }, null, 2)}\n`);
process.stdout.write(figures);
process.exit(0);

async function measureCapture(): Promise<CaptureFigures> {
  const program = [process.execPath, join(import.meta.dirname, 'capture.ts')];
  const box = ['--kill-child', '--mount-proc', 'sh', '-ec', PREPARE, 'sh', ...program];
  const child = spawn('unshare', [FLAGS, ...box], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const output = await text(child.stdout);
  const [code] = await ended;
  if (code !== 0) throw new Error(`capture ended with ${code}`);
  return JSON.parse(output) as CaptureFigures;
}
