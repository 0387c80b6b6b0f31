import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { bindLibc } from '../../agent/src/kernel/libc.ts';

const MS_BIND = 0x1000;
const MNT_DETACH = 2;

type Mount = (source: string, target: string, type: null, flags: number, data: null) => number;
const mount = bindLibc<Mount>(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, void *data)',
);
const umount = bindLibc<(target: string, flags: number) => number>(
  'int umount2(const char *target, int flags)',
);

/** Where an agent looks, and where it does not. */
const WATCHED = '/run/netns';
const HIDDEN = '/run/hidden';

/** A network namespace that is there, and is shown to agents when it is told to. */
export class Namespace {
  readonly path: string;
  readonly #hidden: string;

  constructor(name: string) {
    this.path = `${WATCHED}/${name}`;
    this.#hidden = `${HIDDEN}/${name}`;
    mkdirSync(HIDDEN, { recursive: true });
    writeFileSync(this.#hidden, '');
    execFileSync('unshare', [`--net=${this.#hidden}`, 'true']);
  }

  /** As a runtime does: a file first, and the namespace on it a moment later. Returns when that was. */
  async appear(gapMs: number): Promise<number> {
    writeFileSync(this.path, '');
    if (gapMs > 0) await delay(gapMs);
    if (mount(this.#hidden, this.path, null, MS_BIND, null) !== 0)
      throw new Error(`no mount at ${this.path}`);
    return performance.now();
  }

  /** What nftables and iptables have in it. */
  rules(): string {
    return execFileSync('nsenter', [`--net=${this.path}`, 'nft', 'list', 'ruleset'], {
      encoding: 'utf8',
      // It warns of what iptables has made.
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  }

  remove(): void {
    for (const path of [this.path, this.#hidden]) {
      umount(path, MNT_DETACH);
      rmSync(path);
    }
  }
}
