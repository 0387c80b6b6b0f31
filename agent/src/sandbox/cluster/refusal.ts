import type { Write } from '../kube-api/store.ts';

const GONE = 404;

/** A controller's write that the store refused; that its object is gone meanwhile is no news. */
export function logRefusal(what: string, written: Write, log: (line: string) => void): void {
  if (!written.ok && written.error.code !== GONE) log(`${what}: ${written.error.message}`);
}
