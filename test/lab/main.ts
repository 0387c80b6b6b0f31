import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Finding } from '../../agent/src/record/finding.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import { findingsOf, guardProfile } from '../support/agent.ts';
import { labTopology, nameOf, SUBJECTS, type Subject } from './topology.ts';

// `node test/lab/main.ts`: real callers, taken over by real attackers, behind a real agent in a sandbox cluster.

const LEARN_SECONDS = 110;
const ATTACK_SECONDS = 75;
/** Callers and sandbox may take so much longer; then it has failed. */
const SPARE_SECONDS = 120;
/** What takes hours and a week in earnest. */
const PROFILE = {
  detections: [{ id: 'object-enumeration', action: 'Block' }],
  enumeration: { warmupRequests: 100, warmupSeconds: 30, rolloutSeconds: 1, windowSeconds: 5 },
};

/** One id that an attacker asked for. */
interface Asked {
  readonly at: number;
  readonly status: number;
}

const sandbox = await startSandbox({ topology: labTopology() });
try {
  const seconds = LEARN_SECONDS + ATTACK_SECONDS + SPARE_SECONDS;
  process.exitCode = (await Promise.race([run(sandbox), failAfter(seconds)])) ? 0 : 1;
} finally {
  await sandbox.stop();
}

/** Whether all bars are met. */
async function run(on: SandboxHandle): Promise<boolean> {
  await on.apply([guardProfile('lab', PROFILE)]);
  const running = await Promise.all(SUBJECTS.map((subject) => start(on, subject)));
  const findings = new Map<string, Finding>();
  const end = Date.now() + (LEARN_SECONDS + ATTACK_SECONDS) * 1_000;
  while (Date.now() < end) {
    for (const finding of await findingsOf(on, 'node-a')) findings.set(finding.id, finding);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  for (const { process: child } of running) child.kill();
  return report(running, [...findings.values()]);
}

async function failAfter(seconds: number): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000).unref());
  throw new Error(`the laboratory has not ended after ${seconds} s`);
}

async function start(on: SandboxHandle, subject: Subject) {
  const program = join(import.meta.dirname, 'caller.mjs');
  const argv = ['node', program, subject.role, subject.attack, String(LEARN_SECONDS)];
  const child: ChildProcess = await on.spawn(`lab/${nameOf(subject)}`, argv, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const asked: Asked[] = [];
  if (child.stdout !== null)
    createInterface(child.stdout).on('line', (line) => asked.push(JSON.parse(line) as Asked));
  return { subject, asked, process: child };
}

function report(
  running: readonly { subject: Subject; asked: Asked[] }[],
  findings: readonly Finding[],
): boolean {
  const all = findings.filter(({ detection }) => detection === 'object-enumeration');
  print(`\n${'as'.padEnd(14)}${'attacker'.padEnd(14)}${'alert'.padStart(8)}${'refused'.padStart(9)}   bar`);
  let isGood = true;
  for (const { subject, asked } of running) {
    const own = all.filter(({ caller }) => caller.name === nameOf(subject));
    isGood = line(subject, asked, own) && isGood;
  }
  return isGood;
}

/** Ids that were had before the first finding, and before the first refusal. */
function line(
  { role, attack, bar, why }: Subject,
  asked: readonly Asked[],
  findings: readonly Finding[],
): boolean {
  const begin = asked[0]?.at ?? Number.POSITIVE_INFINITY;
  const falseOnes = findings.filter(({ firstSeen }) => firstSeen < begin).length;
  const seen = Math.min(...findings.map(({ firstSeen }) => firstSeen).filter((at) => at >= begin));
  const got = asked.filter(({ status }) => status === 200);
  const leaked = seen === Number.POSITIVE_INFINITY ? null : got.filter(({ at }) => at <= seen).length;
  const refused = asked.find(({ status }) => status === 403 || status === 429);
  const before = refused === undefined ? null : got.filter(({ at }) => at < refused.at).length;
  const isMet = falseOnes === 0 && (attack === 'none' || bar === null || (leaked !== null && leaked <= bar));
  const verdict = bar === null ? `– ${why}` : attack === 'none' ? `${falseOnes} false` : `≤ ${bar}`;
  print(
    `${role.padEnd(14)}${attack.padEnd(14)}${figure(attack, leaked).padStart(8)}${figure(attack, before).padStart(9)}   ${verdict}${isMet ? '' : ` MISSED${falseOnes > 0 ? `, ${falseOnes} false before` : ''}`}`,
  );
  return isMet;
}

function figure(attack: string, count: number | null): string {
  return attack === 'none' ? '' : count === null ? 'never' : String(count);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
