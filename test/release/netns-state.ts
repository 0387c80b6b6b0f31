import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { enterSandbox } from '../../agent/src/sandbox/client/namespaces.ts';
import type { SandboxHandle } from '../../agent/src/sandbox/start-sandbox.ts';

/** Everything that an agent could have changed in a network namespace. */
const LOOK = `
for netns in "$1"/nodes/*/netns/cni-*; do
  echo "== $netns"
  nsenter --net="$netns" sh -c '
    nft list ruleset
    iptables-save; ip6tables-save
    for family in -4 -6; do ip $family rule; ip $family route show table all; done' 2>&1
done`;

/** What is in the network namespace of each pod, by the file that it is mounted on. */
export async function netnsStates(sandbox: SandboxHandle): Promise<ReadonlyMap<string, string>> {
  const [program, ...argv] = enterSandbox(sandbox.state, ['sh', '-c', LOOK, 'sh', sandbox.stateDir]);
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return new Map(
    output
      .split('== ')
      .slice(1)
      // Tools write when they have been asked; routes of link-local addresses come when the kernel likes.
      .map((part) => part.replaceAll(/^(#.*|.*\bfe80:.*|.*\bff00:.*)\n/gm, ''))
      .map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n') + 1)]),
  );
}
