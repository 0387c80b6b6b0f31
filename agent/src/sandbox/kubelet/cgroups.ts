import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '../process/eventually.ts';
import { succeeds } from '../process/run.ts';

/** The part of the cgroup v2 tree that belongs to one sandbox. */
export class SandboxCgroups {
  /** Null where the machine doesn't let us have one. */
  readonly #root: string | null;

  private constructor(root: string | null) {
    this.#root = root;
  }

  get available(): boolean {
    return this.#root !== null;
  }

  /**
   * Mounts the tree on `mountPoint` and makes the group `name` in it. An unprivileged user may do neither on most
   * machines; pods then stay in the supervisor's own group.
   */
  static async open(mountPoint: string, name: string): Promise<SandboxCgroups> {
    await mkdir(mountPoint, { recursive: true });
    if (!(await succeeds(['mount', '-t', 'cgroup2', 'none', mountPoint]))) return new SandboxCgroups(null);
    const root = join(mountPoint, name);
    try {
      await mkdir(root);
      return new SandboxCgroups(root);
    } catch {
      return new SandboxCgroups(null);
    }
  }

  pod(node: string, pod: string): PodCgroup {
    return new PodCgroup(this.#root === null ? null : { node: join(this.#root, node), pod });
  }
}

interface Place {
  readonly node: string;
  readonly pod: string;
}

/** One pod's group; without a tree everything here does nothing. */
export class PodCgroup {
  readonly #place: Place | null;

  constructor(place: Place | null) {
    this.#place = place;
  }

  get #path(): string | null {
    return this.#place === null ? null : join(this.#place.node, this.#place.pod);
  }

  /** The file to which a process writes itself to join. */
  get procs(): string | null {
    return this.#path === null ? null : join(this.#path, 'cgroup.procs');
  }

  async create(): Promise<void> {
    if (this.#path !== null) await mkdir(this.#path, { recursive: true });
  }

  /** A group can't go while a dead process in it waits to be reaped, hence the patience. */
  async remove(): Promise<void> {
    const path = this.#path;
    if (path !== null) await eventually(() => removed(path), { withinMs: 2000 });
  }
}

const removed = (path: string): Promise<boolean> =>
  rmdir(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
