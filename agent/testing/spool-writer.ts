import { SinkCounts } from '../src/sinks/sink-counts.ts';
import { Spool } from '../src/sinks/spool.ts';

/** A process with a spool, to be killed: writes `line-0` to `line-99` into it, says `accepted` when they are, and waits. */
const counts = new SinkCounts('test');
const spool = new Spool({
  directory: process.argv[2] ?? '',
  maxBytes: 1 << 20,
  counts,
  onLines: () => {
    if (counts.accepted === 100) process.stdout.write('accepted');
  },
});
for (let i = 0; i < 100; i++) spool.append(`line-${i}`);
setInterval(() => {}, 1_000);
