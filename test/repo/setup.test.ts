import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../scripts/setup.sh');

/** What the script itself is written with; everything else counts as missing. */
const PROGRAMS = ['sh', 'dirname', 'sort', 'tr', 'id', 'expr', 'uname', 'npm', 'env', 'node', 'mktemp', 'rm'];

let bin: string;

beforeAll(() => {
  bin = mkdtempSync(join(tmpdir(), 'eastwall-setup-'));
  for (const program of PROGRAMS) {
    const found = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(found, join(bin, program));
  }
  // The user that runs the script must be able to look into it.
  spawnSync('chmod', ['755', bin]);
});

afterAll(() => rmSync(bin, { recursive: true }));

function setup(level: string, cwd = '/') {
  const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  return spawnSync(SCRIPT, [level], { cwd, env: { PATH: bin }, encoding: 'utf8', ...nobody });
}

describe('scripts/setup.sh', () => {
  it('says nothing when nothing is missing', () => {
    expect(setup('check')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('tells a user without root the one command to run', () => {
    const { status, stderr } = setup('bench');
    expect(status).toBe(1);
    const commands = stderr.split('\n').filter((line) => line.startsWith('  '));
    expect(commands).toHaveLength(1);
    expect(commands[0]).toMatch(/^ {2}sudo sh -c "apt-get update && apt-get install -y .*\bwrk"$/);
  });

  it('refuses a level it does not know', () => {
    expect(setup('everything')).toMatchObject({ status: 1, stderr: expect.stringContaining('`everything`') });
  });
});
