import type { ObjectStore } from '../kube-api/store.ts';

/** What every controller works with. */
export interface ControllerOptions {
  readonly store: ObjectStore;
  readonly nodes: readonly string[];
  readonly ipv6: boolean;
  readonly log: (line: string) => void;
}
