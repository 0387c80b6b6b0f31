import { mkdirSync, writeFileSync } from 'node:fs';
import { RedisProcess } from '../../agent/testing/redis.ts';
import { limitOf } from '../../policy/testing/lease-simulation.ts';
import { type Load, runClients, type Second } from './clients.ts';

// `make bench-limits`: eight agents at five times the limit, with a real Redis that is killed, stands still and forgets.

const CLIENTS = 8;
const OVERLOAD = 5;

const even = (total: number) => Array.from({ length: CLIENTS }, () => total / CLIENTS);
const skewed = (total: number) => {
  const weights = Array.from({ length: CLIENTS }, (_, i) => 1 / (i + 1) ** 1.5);
  const sum = weights.reduce((all, weight) => all + weight, 0);
  return weights.map((weight) => (weight / sum) * total);
};

const CASES = [
  { name: '100/s even', perSecond: 100, spread: even },
  { name: '100/s skewed', perSecond: 100, spread: skewed },
  { name: '1000/s even', perSecond: 1_000, spread: even },
  { name: '1000/s skewed', perSecond: 1_000, spread: skewed },
];

/** Seconds: the first hold the burst that a full bucket gives. */
const PHASES = [
  { name: 'steady', from: 3, to: 23 },
  { name: 'killed for 30 s', from: 23, to: 53 },
  { name: 'back', from: 53, to: 63 },
  { name: 'paused for 10 s', from: 63, to: 73 },
  { name: 'back', from: 73, to: 81 },
  { name: 'flushed', from: 81, to: 86 },
] as const;
const [, KILLED, , PAUSED, , FLUSHED] = PHASES;

const redis = await RedisProcess.start();
const loads: Load[] = CASES.map(({ name, perSecond, spread }) => ({
  limit: limitOf(`${perSecond}/s`, { id: name }),
  perClient: spread(OVERLOAD * perSecond),
}));
const seconds = await runClients(redis.address, loads, {
  seconds: PHASES.at(-1)?.to ?? 0,
  at: (second) => {
    if (second === KILLED.from) void redis.kill();
    if (second === KILLED.to) void redis.start();
    if (second === PAUSED.from) redis.pause();
    if (second === PAUSED.to) redis.resume();
    if (second === FLUSHED.from) void redis.cli('flushall');
  },
});
await redis[Symbol.asyncDispose]();

const lines = [
  '| limit | phase | admitted / limit | over five seconds | in single seconds |',
  '| --- | --- | ---: | ---: | ---: |',
  ...CASES.flatMap(({ name, perSecond }, which) =>
    PHASES.map((phase) =>
      row(
        name,
        phase,
        seconds.slice(phase.from, phase.to).map((one) => (one.admitted[which] ?? 0) / perSecond),
      ),
    ),
  ),
  '',
  `longest stall of the event loop in a second: ${Math.max(...seconds.map(({ lagMs }) => lagMs)).toFixed(0)} ms; ${rate(seconds)} requests a second came`,
];
const report = `${lines.join('\n')}\n`;
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/limits.md', report);
writeFileSync('bench/results/limits.json', `${JSON.stringify(seconds)}\n`);
process.stdout.write(report);

function row(name: string, phase: { readonly name: string }, ratios: readonly number[]): string {
  const fives = ratios.slice(4).map((_, at) => mean(ratios.slice(at, at + 5)));
  return `| ${name} | ${phase.name} | ${mean(ratios).toFixed(2)} | ${range(fives)} | ${range(ratios)} |`;
}

function range(ratios: readonly number[]): string {
  return `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
}

function mean(ratios: readonly number[]): number {
  return ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
}

function rate(all: readonly Second[]): string {
  const came = all.flatMap((one) => one.came).reduce((sum, count) => sum + count, 0);
  return (came / all.length).toFixed(0);
}
