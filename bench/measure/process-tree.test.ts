import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { findBelow, treeOf, usageOf } from './process-tree.ts';

/** Burns CPU in a child of its own, says so, and waits to be ended. */
const BURN = `i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done`;
const children: { kill(): boolean }[] = [];

const script = (work: string) => `${work}; echo done; read line`;

async function shell(work: string) {
  const child = spawn('sh', ['-c', script(work), 'a-marked-shell'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  if (child.pid === undefined) throw new Error('sh did not start');
  return child.pid;
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

describe('process trees', () => {
  it('reach from this process to its children', async () => {
    const pid = await shell(':');
    expect(treeOf(process.pid).map((stat) => stat.pid)).toContain(pid);
    expect(findBelow(process.pid, ['sh', '-c', script(':'), 'a-marked-shell'])).toEqual([pid]);
    expect(findBelow(process.pid, ['sh', '-c', script(':'), 'another'])).toEqual([]);
  });

  it('count the CPU of children that have ended', async () => {
    const idle = await shell(':');
    const busy = await shell(`(${BURN})`);
    expect(usageOf([busy]).cpuMicroseconds).toBeGreaterThan(usageOf([idle]).cpuMicroseconds);
    expect(usageOf([busy]).rssKib).toBeGreaterThan(0);
    expect(usageOf([]).cpuMicroseconds).toBe(0);
  });
});
