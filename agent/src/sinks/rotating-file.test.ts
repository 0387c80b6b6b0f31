import { mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts';
import { SinkCounts } from './sink-counts.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rotating-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function setUp(differs: Partial<RotatingFileOptions> = {}) {
  const counts = new SinkCounts('file');
  const path = join(directory, 'logs', 'events.jsonl');
  const file = new RotatingFile({ path, maxBytes: 100, files: 3, counts, ...differs });
  return { file, path, counts, settled: () => eventually(() => expect(file.waitingBytes).toBe(0)) };
}

const linesOf = async (path: string) => (await readFile(path, 'utf8')).split('\n').slice(0, -1);

describe('RotatingFile', () => {
  it('keeps so many files of so many bytes, whole lines, the newest without a number', async () => {
    const { file, path, counts } = setUp();
    for (let i = 0; i < 50; i++) file.append(`line-${10 + i}`);
    await file.close();
    expect((await readdir(join(directory, 'logs'))).sort()).toEqual([
      'events.jsonl',
      'events.jsonl.1',
      'events.jsonl.2',
    ]);
    const all = [...(await linesOf(`${path}.2`)), ...(await linesOf(`${path}.1`)), ...(await linesOf(path))];
    expect(all).toEqual(Array.from({ length: all.length }, (_, i) => `line-${60 - all.length + i}`));
    for (const name of [path, `${path}.1`, `${path}.2`])
      expect((await stat(name)).size).toBeLessThanOrEqual(100);
    expect(counts).toMatchObject({ accepted: 50, delivered: 50 });
  });

  it('goes on with a file that was there, and with a new one when somebody has moved it', async () => {
    const first = setUp();
    first.file.append('1');
    await first.file.close();
    const { file, path, settled } = setUp();
    file.append('2');
    await settled();
    await rename(path, `${path}.moved`);
    file.append('3');
    await file.close();
    expect(await linesOf(`${path}.moved`)).toEqual(['1', '2']);
    expect(await linesOf(path)).toEqual(['3']);
  });

  it('loses nothing where two agents of a node share it', async () => {
    const options = { maxBytes: 1_000, files: 50 };
    const [one, other] = [setUp(options), setUp(options)];
    for (let i = 0; i < 100; i++) {
      one.file.append(`one-${i}`);
      other.file.append(`other-${i}`);
      await one.settled();
    }
    await Promise.all([one.file.close(), other.file.close()]);
    const names = await readdir(join(directory, 'logs'));
    const all = await Promise.all(names.map((name) => linesOf(join(directory, 'logs', name))));
    expect(new Set(all.flat()).size).toBe(200);
  });

  it('writes a line that is longer than a file', async () => {
    const { file, path } = setUp();
    file.append('x'.repeat(300));
    file.append('y');
    await file.close();
    expect(await linesOf(path)).toEqual(['y']);
    expect(await linesOf(`${path}.1`)).toEqual(['x'.repeat(300)]);
  });

  it('counts what a full disk does not take', async () => {
    const { file, counts } = setUp({ path: '/dev/full' });
    file.append('1');
    file.append('2');
    await file.close();
    expect(counts).toMatchObject({ delivered: 0, dropped: { disk: 2 } });
    expect(counts.problem).toBe('`/dev/full`: no space is left on its disk (ENOSPC)');
  });

  it('never holds more in memory than may wait', async () => {
    const { file, counts } = setUp();
    for (let i = 0; i < 5; i++) file.append('x'.repeat(400 << 10));
    expect(counts.dropped.queue_full).toBe(3);
    await file.close();
  });
});
