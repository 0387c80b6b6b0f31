import { objectAt, textAt } from '../identity/json.ts';
import type { KubeClient } from '../kube/client.ts';
import type { KubeFailure } from '../kube/failure.ts';
import { type Check, fatal, fine, warning } from './check.ts';

const NAME = 'kube API';
/** For everything that is asked together. */
const DEADLINE_MS = 20_000;

/** Lists and watches everything that the agent does, for a moment. Whether statuses may be written is not tried out. */
export async function checkKubeApi(client: KubeClient, paths: readonly string[]): Promise<Check[]> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  const failures = await Promise.all(paths.map((path) => firstFailure(client, path, signal)));
  return judgeFailures(paths, failures);
}

export function judgeFailures(paths: readonly string[], failures: readonly (KubeFailure | null)[]): Check[] {
  const away = failures.find(
    (failure) => failure !== null && (failure.status === 0 || failure.status >= 500),
  );
  if (away)
    return [
      warning(
        NAME,
        `no answer: ${away.message}`,
        'the agent waits for it, and captures nothing until it has answered; look at the node’s way to the kube API',
      ),
    ];
  const withStatus = (...statuses: readonly number[]) =>
    paths.filter((_, at) => statuses.includes(failures[at]?.status ?? 200));
  const checks: Check[] = [];
  const forbidden = withStatus(401, 403);
  if (forbidden.length > 0)
    checks.push(
      fatal(
        NAME,
        `may not list and watch ${forbidden.join(', ')}`,
        'the service account needs the ClusterRole of the chart (`rbac.create`)',
      ),
    );
  const absent = withStatus(404);
  if (absent.length > 0)
    checks.push(
      warning(
        'policies',
        `the cluster does not know ${absent.join(', ')}`,
        'install the CRDs (`crds.install`, or deploy/chart/files/crds); nothing is enforced before',
      ),
    );
  return checks.length > 0 ? checks : [fine(NAME, `lists and watches ${paths.length} kinds`)];
}

async function firstFailure(
  client: KubeClient,
  path: string,
  signal: AbortSignal,
): Promise<KubeFailure | null> {
  const list = await client.get(path, { limit: '1' }, signal);
  if (!list.ok) return list.error;
  const resourceVersion = textAt(objectAt(list.value, 'metadata'), 'resourceVersion');
  const query = { watch: 'true', timeoutSeconds: '1', resourceVersion };
  for await (const event of client.watch(path, { query, signal, idleMs: DEADLINE_MS }))
    return event.ok ? null : event.error;
  return null;
}
