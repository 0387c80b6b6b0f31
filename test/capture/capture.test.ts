import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

/**
 * Runs the tests of `inside/` in a network and mount namespace made for them, so that nothing reaches the host. As
 * root they run twice: with the machine's own root, and with the root of a user namespace, which is all that an
 * unprivileged user has.
 */
const boxes: readonly (readonly [name: string, flags: string])[] = [
  ['in a user namespace', '-Urnm'],
  ...(process.getuid?.() === 0 ? [['as root', '-nm'] as const] : []),
];

/** A gigabyte among them, and gates that have to close by themselves. */
const PATIENCE_MS = 300_000;

it.each(boxes)(
  'intercepts pods %s',
  async (_, flags) => {
    const script = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$@"';
    const vitest = [
      'vitest',
      'run',
      '--config',
      'test/capture/inside/vitest.config.ts',
      '--reporter=verbose',
    ];
    const child = spawn('unshare', [flags, '--kill-child', 'sh', '-ec', script, 'sh', ...vitest], {
      cwd: new URL('../..', import.meta.url).pathname,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [code] = await once(child, 'close');
    expect(code, output).toBe(0);
  },
  2 * PATIENCE_MS,
);
