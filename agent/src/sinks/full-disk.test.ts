import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../testing/full-disk.ts', import.meta.url));
/** A disk of its own, which goes with the process. */
const MOUNTED = 'mount -t tmpfs -o size=512k,ro tmpfs "$1" && exec "$2" "$3" "$1"';

it('a disk that is full or read-only costs what comes then, which is counted and said in words, and nothing after', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'full-disk-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const flags = process.getuid?.() === 0 ? '-m' : '-Urm';
  const argv = [flags, 'sh', '-ec', MOUNTED, 'sh', directory, process.execPath, PROGRAM];
  const { stdout } = await promisify(execFile)('unshare', argv, { timeout: 60_000 });
  const well = { written: 4, lost: 0, problem: null };
  const ill = (why: string) =>
    ['/logs/events.jsonl', '/spool'].map((path) => ({ written: 0, lost: 4, problem: `\`${path}\`: ${why}` }));
  expect(JSON.parse(stdout)).toEqual({
    readOnly: ill('its file system is read-only (EROFS)'),
    before: [well, well],
    full: ill('no space is left on its disk (ENOSPC)'),
    stillFull: ill('no space is left on its disk (ENOSPC)').map(({ problem }) => problem),
    after: [well, well],
  });
}, 90_000);
