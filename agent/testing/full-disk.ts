import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RotatingFile } from '../src/sinks/rotating-file.ts';
import { SinkCounts } from '../src/sinks/sink-counts.ts';
import { Spool } from '../src/sinks/spool.ts';

/**
 * `full-disk.ts DIRECTORY`: both kinds of files on a small disk, while it is read-only, before it is full, while it is, and after; says
 * what they counted.
 */
const [, , directory = ''] = process.argv;
const filler = join(directory, 'filler');
const counts = { file: new SinkCounts('file'), spool: new SinkCounts('spool') };
const file = new RotatingFile({
  path: join(directory, 'logs', 'events.jsonl'),
  maxBytes: 64 << 10,
  files: 2,
  counts: counts.file,
  trialMs: 10,
});
const spool = new Spool({
  directory: join(directory, 'spool'),
  maxBytes: 1 << 20,
  counts: counts.spool,
  onLines: () => {},
  trialMs: 10,
});

let told = 0;

/** Of a file what is in it; of a spool what it has accepted. */
const sofar = () =>
  [counts.file, counts.spool].map(({ sink, delivered, accepted, dropped, problem }) => ({
    written: sink === 'file' ? delivered : accepted,
    lost: dropped.disk,
    problem: problem?.replaceAll(directory, '') ?? null,
  }));

/** Four lines of a page each, so that no room is left in the last one of a file; and what was counted of them. */
async function tell(phase: string) {
  const before = sofar();
  const line = JSON.stringify(phase.padEnd(4_096));
  for (let i = 0; i < 4; i++) {
    file.append(line);
    spool.append(line);
  }
  told += 4;
  while (sofar().some(({ written, lost }) => written + lost < told)) await delay(5);
  return sofar().map(({ written, lost, problem }, at) => ({
    written: written - (before[at]?.written ?? 0),
    lost: lost - (before[at]?.lost ?? 0),
    problem,
  }));
}

function fill(): void {
  const handle = openSync(filler, 'w');
  try {
    for (;;) writeSync(handle, Buffer.alloc(4_096));
  } catch {
    closeSync(handle);
  }
}

const readOnly = await tell('read-only');
execFileSync('mount', ['-o', 'remount,rw', directory]);
// By a trial, and then none is under way: the file of one that ends later would leave room on the full disk.
while (sofar().some(({ problem }) => problem !== null)) await delay(5);
const before = await tell('before');
fill();
const full = await tell('full');
// Long enough for trials, all of which fail.
await delay(100);
const stillFull = sofar().map(({ problem }) => problem);
rmSync(filler);
// Nobody tells anything meanwhile.
while (sofar().some(({ problem }) => problem !== null)) await delay(5);
const after = await tell('after');
process.stdout.write(JSON.stringify({ readOnly, before, full, stillFull, after }));
await Promise.all([file.close(), spool.close()]);
