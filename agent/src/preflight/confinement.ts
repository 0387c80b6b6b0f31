import { readFileSync } from 'node:fs';
import { type Check, fine } from './check.ts';

const NAME = 'confinement';

/**
 * Which profile of AppArmor, or which type of SELinux, this process has: nothing by itself, and what to look at first
 * where a namespace could not be entered.
 */
export const checkConfinement = (): Check => judgeConfinement(labelOf('/proc/self/attr/current'));

/** `label` is what the kernel's security module calls this process; null where there is none. */
export function judgeConfinement(label: string | null): Check {
  if (label === null || label === '' || label === 'unconfined')
    return fine(NAME, 'by no profile of AppArmor or SELinux');
  // SELinux: user:role:type:level.
  const [, , type] = label.split(':');
  return fine(
    NAME,
    type === undefined ? `by the AppArmor profile \`${label}\`` : `by the SELinux type \`${type}\``,
  );
}

/** Without a security module the file is there and can't be read. */
function labelOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', '').trim();
  } catch {
    return null;
  }
}
