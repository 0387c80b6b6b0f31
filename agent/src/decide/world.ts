import { PolicySet } from '@eastwall/policy';
import { Directory } from '../identity/directory.ts';

/** What decisions are made from: the policies in force and the directory of destinations. One per process. */
export class World {
  readonly directory = new Directory();
  /** Everything listed so far has arrived: from here on an unknown destination really is unknown. */
  synced = false;
  #policies = PolicySet.empty();
  #version = 0;

  /** Grows whenever a decision made before might be different now. */
  get version(): number {
    return this.#version;
  }

  get policies(): PolicySet {
    return this.#policies;
  }

  replacePolicies(policies: PolicySet): void {
    this.#policies = policies;
    this.#version++;
  }

  /** To be called after the directory or a caller's identity has changed. */
  touch(): void {
    this.#version++;
  }
}
