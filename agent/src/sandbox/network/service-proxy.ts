import { setTimeout as delay } from 'node:timers/promises';
import { asService, RESOURCES } from '../cluster/objects.ts';
import { slicesByService } from '../controllers/endpoint-slices.ts';
import type { ObjectStore } from '../kube-api/store.ts';
import { run } from '../process/run.ts';
import { inNetns } from './fabric.ts';
import { serviceRules } from './service-rules.ts';

export interface ServiceProxyOptions {
  readonly store: ObjectStore;
  readonly ipv6: boolean;
  readonly nodeNetns: readonly string[];
  readonly log: (line: string) => void;
}

/** Changes come in bursts; one pass takes in what came within so long. */
const GATHER_MS = 5;

/** kube-proxy for every node: translates Service addresses as the store's Services and slices say. */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #applied = new Map<string, string>();
  #pass: Promise<void> | undefined;
  #dirty = true;

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    for (const resource of [RESOURCES.services, RESOURCES.slices])
      options.store.subscribe(resource, () => {
        this.#dirty = true;
        void this.settled();
      });
  }

  /** Done when all that the store held at the call is in the nodes' rules. */
  async settled(): Promise<void> {
    while (this.#dirty) {
      this.#pass ??= this.#apply();
      await this.#pass;
    }
    await this.#pass;
  }

  async #apply(): Promise<void> {
    await delay(GATHER_MS);
    this.#dirty = false;
    const { store, ipv6, nodeNetns, log } = this.#options;
    const input = { services: store.list(RESOURCES.services).map(asService), slices: slicesByService(store) };
    const tables = [
      { program: 'iptables-restore', rules: serviceRules(input, false) },
      ...(ipv6 ? [{ program: 'ip6tables-restore', rules: serviceRules(input, true) }] : []),
    ];
    const runs = tables.flatMap(({ program, rules }) =>
      nodeNetns.map((netns) => this.#restore(netns, program, rules)),
    );
    const failed = (await Promise.allSettled(runs)).find((result) => result.status === 'rejected');
    if (failed !== undefined) log(`service rules: ${failed.reason}`);
    this.#pass = undefined;
  }

  async #restore(netns: string, program: string, rules: string): Promise<void> {
    const key = `${program} ${netns}`;
    if (this.#applied.get(key) === rules) return;
    await run(inNetns(netns, [program, '--wait', '10']), { input: rules });
    this.#applied.set(key, rules);
  }
}
