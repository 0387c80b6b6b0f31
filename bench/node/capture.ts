import { setTimeout as delay } from 'node:timers/promises';
import { threadsOf } from '../measure/threads.ts';
import { Capturing } from './capturing.ts';
import { Namespace } from './namespaces.ts';
import type { CaptureFigures, GateFigures } from './report.ts';

// What capture takes for a full node, in real network namespaces. Only for a process in namespaces of its own with an
// empty /run/netns (see `main.ts`). Prints its figures as JSON.

/** As many pods as a node has by default. */
const PODS = 110;
/** So many pods begin at the same moment, as after a drain. */
const BURST = 10;
/** Runtimes mount a namespace so long after they have made the file, at most. */
const MAX_GAP_MS = 8;
const BEATS = 200;
const PAUSE_MS = 50;
/** A third of the default of `--gate-timeout`. */
const BEAT_EVERY_MS = 5_000;

const nft = await measure('auto', PODS);
const iptables = await measure('iptables', 3 * BURST);
process.stdout.write(`${JSON.stringify({ pods: PODS, nft, iptables } satisfies CaptureFigures)}\n`);
process.exit(0);

async function measure(rules: 'auto' | 'iptables', count: number): Promise<CaptureFigures['nft']> {
  const { capturing, engine } = await Capturing.start(rules);
  const all = [...namespaces(`alone-${rules}`, count), ...namespaces(`burst-${rules}`, count)];
  const [alone, together] = [all.slice(0, count), all.slice(count)];
  const before = cpuMs();
  const oneByOneMs: number[] = [];
  for (const [at, namespace] of alone.entries()) {
    oneByOneMs.push(...(await timeToRules(capturing, [namespace], (at % 9) * (MAX_GAP_MS / 8))));
    await delay(10);
  }
  const inBurstsMs: number[] = [];
  for (let at = 0; at < count; at += BURST)
    inBurstsMs.push(...(await timeToRules(capturing, together.slice(at, at + BURST), 0)));
  const cpuMsEach = (cpuMs() - before) / all.length;
  const bare = all.filter((namespace) => !/eastwall/i.test(namespace.rules()));
  if (bare.length > 0) throw new Error(`${bare.length} of ${all.length} namespaces have no rules`);
  const gate = rules === 'auto' ? await gateCost(capturing, alone) : null;
  await capturing.client.uninstall();
  for (const namespace of all) namespace.remove();
  return { engine, oneByOneMs, inBurstsMs, cpuMsEach, gate };
}

function namespaces(name: string, count: number): Namespace[] {
  return Array.from({ length: count }, (_, at) => new Namespace(`${name}-${at}`));
}

/** From when the namespace is mounted to when the main thread of an agent knows that its rules are in place. */
async function timeToRules(
  capturing: Capturing,
  shown: readonly Namespace[],
  gapMs: number,
): Promise<number[]> {
  const enrolled = shown.map(({ path }) => capturing.enrolled(path));
  const mounted = await Promise.all(shown.map((namespace) => namespace.appear(gapMs)));
  const done = await Promise.all(enrolled);
  return done.map(({ at }, which) => at - (mounted[which] ?? at));
}

/** CPU of a beat for all of these, less what the process takes without any. */
async function gateCost(capturing: Capturing, served: readonly Namespace[]): Promise<GateFigures> {
  const ids = await Promise.all(served.map(async ({ path }) => (await capturing.enrolled(path)).event.ns));
  const period = async (beat: () => void) => {
    const before = cpuMs();
    for (let at = 0; at < BEATS; at++) {
      beat();
      await delay(PAUSE_MS);
    }
    return cpuMs() - before;
  };
  await period(() => capturing.client.beat(ids));
  const without = await period(() => {});
  const withBeats = await period(() => capturing.client.beat(ids));
  const msPerBeat = (withBeats - without) / BEATS;
  // Less than half a minute: it was not refreshed before the measurement began only.
  const left = Math.min(...served.map(gateSecondsLeft));
  if (left < 3_600 - 20) throw new Error(`a gate was not refreshed: ${left} s left`);
  return { msPerBeat, ofACore: msPerBeat / BEAT_EVERY_MS };
}

function cpuMs(): number {
  return threadsOf(process.pid).reduce((sum, { cpuMs }) => sum + cpuMs, 0);
}

/** An hour after each beat. */
function gateSecondsLeft(namespace: Namespace | undefined): number {
  const left = /expires (?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?/.exec(namespace?.rules() ?? '');
  const [, hours = 0, minutes = 0, seconds = 0] = left ?? [];
  return Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}
