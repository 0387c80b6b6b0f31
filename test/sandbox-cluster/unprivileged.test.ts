import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const SCRIPT = new URL('./unprivileged.ts', import.meta.url).pathname;
/** `nobody`: any user without rights will do, and this one is everywhere. */
const NOBODY = 65_534;

const isRoot = process.getuid?.() === 0;
const nobody = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
const env = { ...process.env, HOME: '/tmp', TMPDIR: '/tmp' };

/** Some distributions let only chosen programs make user namespaces, and a checkout may be private to root. */
const hindrance = await run(
  'unshare',
  ['-Urnm', process.execPath, '-e', `require('node:fs').readFileSync('${SCRIPT}')`],
  {
    ...nobody,
    env,
    cwd: '/',
  },
).then(
  () => undefined,
  (error: { stderr?: string }) => error.stderr?.trim().split('\n').at(-1) ?? 'unshare does not run',
);

describe('a sandbox without root', () => {
  it.skipIf(hindrance !== undefined)(
    `does all that root's does${hindrance ? `: ${hindrance}` : ''}`,
    async () => {
      const { stdout } = await run(process.execPath, [SCRIPT], { ...nobody, env, cwd: '/' });
      expect(JSON.parse(stdout)).toEqual({
        userNamespace: true,
        v4: 'served',
        v6: 'served',
        exit: 9,
        capabilities: '00000000a80425fb',
        escapes: [2, 32],
        kubectl: ['pod/client', 'pod/web'],
        traces: [],
      });
    },
  );
});
