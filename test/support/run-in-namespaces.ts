import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What `unshare` is told: as root also with the machine's own root, not only with the root of a user namespace. */
export const BOXES: readonly (readonly [name: string, flags: string])[] = [
  ['in a user namespace', '-Urnmpf'],
  ...(process.getuid?.() === 0 ? [['as root', '-nmpf'] as const] : []),
];

/** A place for network namespaces, and a loopback that works. */
const PREPARE = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$@"';

const PATIENCE_MS = 900_000;

/** Where vitest goes on to what has failed, after a line per test; who reads a log wants that part only. */
const FAILURES = ' Failed Tests ';

/** Runs vitest with another config in namespaces of its own, where it may change the network as it likes. */
export async function vitestInNamespaces(
  flags: string,
  config: string,
): Promise<{ code: number | null; output: string }> {
  const vitest = ['vitest', 'run', '--config', config, '--reporter=verbose'];
  const child = spawn(
    'unshare',
    [flags, '--kill-child', '--mount-proc', 'sh', '-ec', PREPARE, 'sh', ...vitest],
    {
      cwd: new URL('../..', import.meta.url).pathname,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE_MS,
    },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output.slice(Math.max(0, output.indexOf(FAILURES))) };
}
