import { mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cgroupMounts } from '../../../agent/src/capture/own-cgroup.ts';

/** This process, and with it the agents that it makes from now on, in a cgroup of its own. */
export class OwnCgroup implements Disposable {
  static readonly #mount = cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).find(
    ({ root }) => root === '/',
  )?.path;
  readonly #path: string;
  readonly #before = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8'))?.[1];

  constructor(name: string) {
    // Process IDs say nothing: other namespaces of processes, which have the same ones, see these cgroups, too.
    this.#path = mkdtempSync(`${OwnCgroup.#mount}/eastwall-test-${name}-`);
    writeFileSync(`${this.#path}/cgroup.procs`, String(process.pid));
  }

  static get possible(): boolean {
    try {
      using _ = new OwnCgroup('probe');
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    writeFileSync(`${OwnCgroup.#mount}${this.#before}/cgroup.procs`, String(process.pid));
    rmdirSync(this.#path);
  }
}
