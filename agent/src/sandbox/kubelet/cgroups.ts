import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeCgroup } from '../process/cgroup-tree.ts';
import { succeeds } from '../process/run.ts';

export const cgroupMount = (stateDir: string): string => join(stateDir, 'cgroup');

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
   * Mounts the tree in the state directory and makes the group `name` in it. An unprivileged user may do neither on most
   * machines; pods then stay in the supervisor's own group.
   */
  static async open(stateDir: string, name: string): Promise<SandboxCgroups> {
    const mountPoint = cgroupMount(stateDir);
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

  async remove(): Promise<void> {
    if (this.#path !== null) await removeCgroup(this.#path);
  }
}
