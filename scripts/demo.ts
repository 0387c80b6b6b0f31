import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultStateDir } from '../agent/src/cli/state-dir.ts';
import { messageOf } from '../agent/src/kernel/message-of.ts';
import {
  PATIENT_READY_TIMEOUT_MS,
  type SandboxHandle,
  startSandbox,
} from '../agent/src/sandbox/start-sandbox.ts';

/**
 * The guided tour: a shop is attacked from a build runner, then defended. Everything is real: processes in network
 * namespaces, two agents, the kube API's protocol. Exits 0 only when every call ended as the tour says.
 */

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const NODES = ['node-a', 'node-b'];
const ATTACKER = 'ci/ci-runner';

const colour = process.stdout.isTTY || process.env['FORCE_COLOR'] !== undefined;
const paint = (code: number, text: string): string => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
const say = (text = ''): void => console.log(text);
const heading = (text: string): void => say(`\n${paint(1, text)}`);

interface Story {
  readonly title: string;
  readonly calls: readonly string[];
}

const STORIES: readonly Story[] = [
  { title: 'Lateral movement: the build runner reads an invoice', calls: ['http://billing.shop/invoices/7'] },
  {
    title: "Enumeration: it walks through other people's reports",
    calls: ['alice', 'bob', 'carol', 'dave'].map((user) => `http://report.shop/report?user=${user}`),
  },
  {
    title: 'A forgotten API: it finds an export that nobody registered',
    calls: ['http://orders.shop/internal/export'],
  },
];

/** Runs the command line tool on both agents. */
function eastwall(sandbox: SandboxHandle, args: readonly string[]) {
  const sockets = NODES.flatMap((node) => ['--socket', sandbox.agentSocket(node)]);
  const env = { ...process.env, ...(colour && { FORCE_COLOR: '1' }) };
  return spawn(process.execPath, [join(ROOT, 'agent/bin/eastwall.js'), ...args, ...sockets], {
    stdio: 'inherit',
    env,
  });
}

async function run(sandbox: SandboxHandle, args: readonly string[]): Promise<void> {
  const [code] = await once(eastwall(sandbox, args), 'exit');
  if (code !== 0) throw new Error(`eastwall ${args.join(' ')} exited with ${code}`);
}

/** Shows the flows while `act` runs, and for a moment after, until what it did has been shown. */
async function watching(
  sandbox: SandboxHandle,
  args: readonly string[],
  act: () => Promise<void>,
): Promise<void> {
  const tail = eastwall(sandbox, ['tail', ...args]);
  const exited = once(tail, 'exit');
  await pause(1_200);
  await act();
  await pause(800);
  tail.kill('SIGINT');
  await exited;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function call(sandbox: SandboxHandle, url: string): Promise<Answer> {
  const { stdout } = await sandbox.exec(ATTACKER, ['curl', '-s', '-m', '5', '-w', '\n%{http_code}', url]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end).trim() };
}

/** Plays the three stories and insists on the status that each call must end with. Returns the last answer. */
async function attack(sandbox: SandboxHandle, expected: number): Promise<Answer> {
  let last: Answer = { status: 0, body: '' };
  for (const { title, calls } of STORIES) {
    say(paint(36, `  ${title}`));
    for (const url of calls) {
      last = await call(sandbox, url);
      say(
        `    curl ${url}  →  ${paint(last.status < 400 ? 33 : 32, String(last.status))}  ${shorten(last.body)}`,
      );
      if (last.status !== expected) throw new Error(`${url}: expected ${expected}, got ${last.status}`);
    }
  }
  return last;
}

const shorten = (text: string): string => (text.length > 70 ? `${text.slice(0, 70)}…` : text);

async function tour(sandbox: SandboxHandle): Promise<void> {
  heading('1. Ordinary traffic, seen without touching a single workload');
  await watching(sandbox, ['--all'], () => pause(1_500));

  heading('2. The build runner ci/ci-runner has been broken into. Nothing stops it:');
  await attack(sandbox, 200);

  heading('3. Three policies: who may call what');
  const policies = join(ROOT, 'examples/shop/policies.yaml');
  say(paint(2, (await readFile(policies, 'utf8')).split('---')[0] ?? ''));
  const applied = await sandbox.kubectl(['apply', '-f', policies]);
  say(applied.stdout.trim());
  if (applied.code !== 0) throw new Error(applied.stderr);
  await pause(1_000);

  heading('4. The same calls again, as `eastwall tail` shows them');
  let denied: Answer = { status: 0, body: '' };
  await watching(sandbox, [], async () => {
    denied = await attack(sandbox, 403);
  });

  heading('5. Every denial explains itself');
  const { decision } = JSON.parse(denied.body) as { decision: string };
  await run(sandbox, ['explain', decision]);

  heading('6. The shop itself goes on');
  await watching(sandbox, ['--all', '--from', 'shop/frontend'], () => pause(1_000));
}

function whatNext(keep: boolean): void {
  heading('Try next');
  if (!keep) say('  make demo KEEP=1        # keeps the shop up, and then, in another terminal:');
  for (const line of [
    'npx eastwall sandbox exec ci/ci-runner -- curl -si http://billing.shop/invoices/7',
    'npx eastwall sandbox kubectl -- -n shop edit apipolicy billing        # mode: Audit',
    'npx eastwall tail --all',
    'npx eastwall status',
  ])
    say(`  ${line}`);
}

async function main(): Promise<void> {
  const keep = process.env['KEEP'] !== undefined && process.env['KEEP'] !== '';
  process.chdir(ROOT);
  heading('Eastwall demo: two nodes, five pods, one agent per node');
  await using sandbox = await startSandbox({
    file: join(ROOT, 'examples/shop.yaml'),
    readyTimeoutMs: PATIENT_READY_TIMEOUT_MS,
    // Where every command looks first, so that exploring needs no flag.
    ...(keep && { stateDir: defaultStateDir(process.env) }),
    log: (line) => say(paint(2, `  ${line}`)),
  });
  await tour(sandbox);
  whatNext(keep);
  if (!keep) return;
  say('\nThe shop stays up; Ctrl-C ends it.');
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), sandbox.ended]);
}

await main().catch((error: unknown) => {
  process.stderr.write(`\ndemo: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
