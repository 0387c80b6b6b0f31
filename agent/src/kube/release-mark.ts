import { setTimeout as pause } from 'node:timers/promises';
import { objectAt, textAt } from '../identity/json.ts';
import { ok } from '../kernel/result.ts';
import { ResourceWatch, type WatchContext } from './watch.ts';

/** `namespace/name` of a kube object. */
export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** Whether the agents of this release are to stay. */
export type Stay = 'stays' | 'leaving' | 'gone';

/** What `state` in the ConfigMap says during an uninstall. */
const LEAVING = 'leaving';

/**
 * The ConfigMap by which a release says that it is being uninstalled. A stopping agent can't tell an uninstall from an
 * upgrade by itself; and with only a SIGTERM, nobody would wait until what is in pods is gone.
 */
export class ReleaseMark {
  readonly #watch: ResourceWatch<Stay>;
  readonly #onChange: (stay: Stay) => void;
  #stay: Stay = 'stays';
  #next = Promise.withResolvers<void>();

  constructor(context: WatchContext, { namespace, name }: ObjectName, onChange: (stay: Stay) => void) {
    this.#onChange = onChange;
    this.#watch = new ResourceWatch<Stay>(context, {
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      // Also what lets a role that names this one object allow it.
      query: { fieldSelector: `metadata.name=${name}` },
      project: (json) =>
        ok(textAt(objectAt(json, 'data'), 'state') === LEAVING ? ('leaving' as const) : ('stays' as const)),
      handlers: {
        upsert: (_, stay) => this.#set(stay),
        // One that never was there says nothing: somebody runs agents without the chart.
        remove: () => this.#set('gone'),
        synced: () => {},
      },
    });
  }

  get stay(): Stay {
    return this.#stay;
  }

  /** Resolves with the next change, or when there has been none for so long. */
  async word(patienceMs: number): Promise<void> {
    await Promise.race([this.#next.promise, pause(patienceMs, undefined, { ref: false })]);
  }

  /** Settles after `stop`. */
  start(): Promise<void> {
    return this.#watch.start();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  #set(stay: Stay): void {
    if (stay === this.#stay) return;
    this.#stay = stay;
    this.#next.resolve();
    this.#next = Promise.withResolvers();
    this.#onChange(stay);
  }
}
