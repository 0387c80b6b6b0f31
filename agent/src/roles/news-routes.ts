import type { Workload } from '@eastwall/policy';
import { provenanceKey } from '../guard/provenance.ts';
import type { News } from '../record/news.ts';

/** Of what a dataplane says, what is about workloads that it serves: about others it has nothing to say. */
export function newsOf({ shown, uses }: News, served: Iterable<Workload>): News {
  const [keys, names] = [new Set<string>(), new Set<string>()];
  for (const workload of served) {
    keys.add(provenanceKey(workload));
    names.add(`${workload.namespace}/${workload.name}`);
  }
  return {
    shown: shown.filter(({ workload }) => keys.has(workload)),
    uses: uses.filter(({ workload }) => names.has(workload)),
  };
}

/** What a dataplane needs to hear: ids of workloads that it serves, and all uses of credentials; null for nothing. */
export function newsFor({ shown, uses }: News, served: Iterable<Workload>): News | null {
  const keys = new Set<string>();
  for (const workload of served) keys.add(provenanceKey(workload));
  const heard = shown.filter(({ workload }) => keys.has(workload));
  return heard.length === 0 && uses.length === 0 ? null : { shown: heard, uses };
}
