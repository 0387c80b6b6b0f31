import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the sandbox of this user keeps its state, unless told otherwise: `EASTWALL_STATE_DIR`, else by the XDG rules. */
export function defaultStateDir(env: Readonly<Record<string, string | undefined>>): string {
  const base = env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local', 'state');
  return env['EASTWALL_STATE_DIR'] || join(base, 'eastwall', 'sandbox');
}
