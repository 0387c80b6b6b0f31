import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { Segment } from './segment.ts';
import { SinkCounts } from './sink-counts.ts';
import { Spool } from './spool.ts';

const WRITER = fileURLToPath(new URL('../../testing/spool-writer.ts', import.meta.url));

let directory = '';
const spools: Spool[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'spool-'));
});
afterEach(async () => {
  for (const spool of spools.splice(0)) await spool.close();
  await rm(directory, { recursive: true, force: true });
});

function setUp({ maxBytes = 1 << 20, at = directory } = {}) {
  const counts = new SinkCounts('webhook');
  const spool = new Spool({ directory: at, maxBytes, counts, onLines: () => {} });
  spools.push(spool);
  return { spool, counts };
}

const LIMITS = { events: 100, bytes: 64 << 10 };

/** Takes everything out, in batches. */
async function drain(spool: Spool, limits = LIMITS): Promise<string[]> {
  const all: string[] = [];
  for (let batch = await spool.next(limits); batch !== null; batch = await spool.next(limits)) {
    all.push(...batch.lines);
    await spool.done(batch);
  }
  return all;
}

const files = async (): Promise<string[]> =>
  (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('.jsonl'));

describe('Spool', () => {
  it('gives back every line in order, whatever they are and however they are asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.array(fc.string({ maxLength: 300, unit: 'grapheme' }).map((text) => JSON.stringify(text))),
        ),
        fc.record({ events: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 1, max: 2_000 }) }),
        async (groups, limits) => {
          const { spool } = setUp();
          const out: string[] = [];
          for (const lines of groups) {
            for (const line of lines) spool.append(line);
            const batch = await spool.next(limits);
            if (batch === null) continue;
            out.push(...batch.lines);
            await spool.done(batch);
          }
          out.push(...(await drain(spool, limits)));
          expect(out).toEqual(groups.flat());
        },
      ),
      { numRuns: 30 },
    );
  });

  it('gives a batch again until it is done, and leaves no file then', async () => {
    const { spool } = setUp();
    spool.append('a');
    spool.append('b');
    expect((await spool.next(LIMITS))?.lines).toEqual(['a', 'b']);
    expect(await drain(spool)).toEqual(['a', 'b']);
    expect(spool.bytes).toBe(0);
    expect(await files()).toEqual([]);
  });

  it('keeps what was accepted for the next agent', async () => {
    const { spool, counts } = setUp();
    spool.append('a');
    await eventually(() => expect(counts.accepted).toBe(1));
    await spool.close();
    const next = setUp();
    await next.spool.adopt();
    expect(await drain(next.spool)).toEqual(['a']);
  });

  it('leaves only what was not delivered, and nothing of a file that was not finished', async () => {
    const { spool, counts } = setUp();
    for (const line of ['a', 'b', 'c']) spool.append(line);
    await eventually(() => expect(counts.accepted).toBe(3));
    const first = await spool.next({ events: 2, bytes: 64 << 10 });
    if (first !== null) await spool.done(first);
    await spool.close();
    const [home = ''] = await readdir(directory);
    await writeFile(join(directory, home, '000000000001.jsonl.part'), 'half');
    const next = setUp();
    await next.spool.adopt();
    expect(await drain(next.spool)).toEqual(['c']);
    expect(await readdir(directory)).not.toContain(home);
  });

  it('takes over what a killed agent has left, but half a line; and nothing of one that lives', async () => {
    const living = setUp();
    living.spool.append('mine');
    await eventually(() => expect(living.counts.accepted).toBe(1));
    await mkdir(join(directory, 'agent-dead'));
    await writeFile(join(directory, 'agent-dead', '000000000001.jsonl'), 'c\n{"half');
    await writeFile(join(directory, 'agent-dead', '000000000000.jsonl'), 'a\nb\n');
    const next = setUp();
    next.spool.append('d');
    await next.spool.adopt();
    next.spool.append('e');
    expect(await drain(next.spool)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await drain(living.spool)).toEqual(['mine']);
    expect(await readdir(directory)).not.toContain('agent-dead');
  });

  it('has everything that an agent had accepted when it was killed, and nothing before', async () => {
    const writer = spawn(process.execPath, [WRITER, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout, 'data');
    const { spool } = setUp();
    await spool.adopt();
    expect(await spool.next(LIMITS)).toBeNull();
    const ended = once(writer, 'exit');
    writer.kill('SIGKILL');
    await ended;
    await spool.adopt();
    expect(await drain(spool)).toEqual(Array.from({ length: 100 }, (_, i) => `line-${i}`));
  });

  it('drops what comes when it is full, and keeps what it has accepted', async () => {
    const { spool, counts } = setUp({ maxBytes: 100 });
    for (let i = 0; i < 30; i++) spool.append(`line-${10 + i}`);
    const lines = await drain(spool);
    expect(lines).toHaveLength(12);
    expect(counts).toMatchObject({ accepted: 12, dropped: { spool_full: 18 } });
    spool.append('again');
    expect(await drain(spool)).toEqual(['again']);
  });

  it('has no more files open than it reads and writes, however much waits', async () => {
    const { spool, counts } = setUp({ maxBytes: 8 << 20 });
    for (let i = 0; i < 40; i++) {
      spool.append('x'.repeat(100 << 10));
      await eventually(() => expect(counts.accepted).toBe(i + 1));
    }
    expect((await files()).length).toBeGreaterThan(10);
    const open = (await readdir('/proc/self/fd')).map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    });
    expect(
      open.filter((path) => path.startsWith(directory) && path.endsWith('.jsonl')).length,
    ).toBeLessThanOrEqual(1);
    expect(await drain(spool)).toHaveLength(40);
  });

  it('never holds more in memory than may wait for the disk', () => {
    const { spool, counts } = setUp();
    const line = 'x'.repeat(400 << 10);
    for (let i = 0; i < 5; i++) spool.append(line);
    expect(counts.dropped.queue_full).toBe(3);
  });

  it('counts what the disk does not take, says why, and goes on when it can', async () => {
    const at = join(directory, 'occupied');
    await writeFile(at, '');
    const { spool, counts } = setUp({ at });
    spool.append('lost');
    await eventually(() => expect(counts.dropped.disk).toBe(1));
    expect(counts.problem).toContain(`\`${at}\`: `);
    await rm(at);
    spool.append('kept');
    expect(await drain(spool)).toEqual(['kept']);
    expect(counts.problem).toBeNull();
  });
});

describe('Spool without its directory', () => {
  it('makes another one, whether or not anybody reads', async () => {
    const { spool, counts } = setUp();
    spool.append('read');
    expect(await drain(spool)).toEqual(['read']);
    await rm(directory, { recursive: true });
    spool.append('lost');
    await eventually(() => expect(counts).toMatchObject({ accepted: 1, dropped: { disk: 1 } }));
    expect(counts.problem).not.toBeNull();
    spool.append('kept');
    await eventually(() => expect(counts).toMatchObject({ accepted: 2, problem: null }));
    expect(await drain(spool)).toEqual(['kept']);
  });
});

describe('Segment', () => {
  it('has nothing of what a full disk did not take', async () => {
    const segment = new Segment('/dev/full');
    await expect(segment.append('a\n')).rejects.toThrow('ENOSPC');
    expect(segment.size).toBe(0);
    await segment.close();
  });
});
