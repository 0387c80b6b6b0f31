import type { ServiceRef } from '@eastwall/policy';
import type { LabelMatcher, Labels } from '../kernel/label-selector.ts';

/** The labels of the cluster's Services: no traffic is judged by them, so that only control has them. */
export class ServiceLabels {
  readonly #labels = new Map<string, Labels>();

  /** `key` is `namespace/name`; null for a Service that is gone. */
  set(key: string, labels: Labels | null): void {
    if (labels === null) this.#labels.delete(key);
    else this.#labels.set(key, labels);
  }

  /** Whether one of these Services is known and has such labels. */
  some(services: readonly ServiceRef[], matches: LabelMatcher): boolean {
    return services.some(({ namespace, service }) => {
      const labels = this.#labels.get(`${namespace}/${service}`);
      return labels !== undefined && matches(labels);
    });
  }
}
