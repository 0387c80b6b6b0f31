import type { KubeConfig } from '@kubernetes/client-node';
import { isObject, type Json, objectAt, objectsAt, textAt } from '../../identity/json.ts';
import { advised } from '../../kernel/advice.ts';
import { systemClock } from '../../kernel/clock.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import { clientOf, type KubeClient } from '../../kube/client.ts';
import type { KubeFailure } from '../../kube/failure.ts';
import { openPortForward } from '../../kube/port-forward.ts';
import { userConfig } from '../../kube/user-config.ts';
import type { AgentLink, Fleet } from './fleet.ts';
import { kubeProblem } from './kube-problem.ts';

/** Which agents of which cluster. */
export interface KubeChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Where the agents' own pods are; any namespace without. */
  readonly agentsNamespace?: string | undefined;
  /** Only the agent of this node. */
  readonly node?: string | undefined;
  /** Only agents whose pods have these labels too, as kubectl writes them. */
  readonly selector?: string | undefined;
}

/** By these the chart's pods of agents are known. */
const AGENT_LABELS = 'app.kubernetes.io/name=eastwall,app.kubernetes.io/component=agent';
/** Where the chart is installed unless somebody likes another name better. */
const USUAL_NAMESPACE = 'eastwall-system';
/** What `--admin-address` is by default; a container's port named `admin` says otherwise. */
const ADMIN_PORT = 9465;
const PAGE = 250;

/** The agents of a cluster, reached by port-forward. Throws when there is no kube configuration to use. */
export function kubeFleet(choice: KubeChoice, config = userConfig(choice)): Fleet {
  const client = clientOf(config, { clock: systemClock, timeoutMs: 2 ** 31 - 1 });
  return {
    changes: true,
    find: async (signal) => {
      const pods = await agentPods(client, choice, signal);
      if (!pods.ok) return err(explained(pods.error, config));
      if (pods.value.length === 0) return err(noAgents(choice, config));
      return ok(pods.value.map((pod) => linkTo(pod, config)).toSorted(byName));
    },
  };
}

const byName = (a: AgentLink, b: AgentLink): number => (a.name < b.name ? -1 : 1);

/** Who may not look everywhere may look where agents usually are. */
async function agentPods(
  client: KubeClient,
  choice: KubeChoice,
  signal: AbortSignal,
): Promise<Result<readonly Json[], KubeFailure>> {
  const everywhere = await listPods(client, choice, signal);
  const forbidden = !everywhere.ok && everywhere.error.status === 403;
  if (!forbidden || choice.agentsNamespace !== undefined) return everywhere;
  const usual = await listPods(client, { ...choice, agentsNamespace: USUAL_NAMESPACE }, signal);
  return usual.ok ? usual : everywhere;
}

async function listPods(
  client: KubeClient,
  { agentsNamespace, node, selector }: KubeChoice,
  signal: AbortSignal,
): Promise<Result<readonly Json[], KubeFailure>> {
  const place = agentsNamespace === undefined ? '' : `/namespaces/${encodeURIComponent(agentsNamespace)}`;
  const query = {
    labelSelector: labelsOf(selector),
    limit: `${PAGE}`,
    ...(node === undefined ? {} : { fieldSelector: `spec.nodeName=${node}` }),
  };
  const pods: Json[] = [];
  for (let token = ''; ; ) {
    const more = token === '' ? {} : { continue: token };
    const page = await client.get(`/api/v1${place}/pods`, { ...query, ...more }, signal);
    if (!page.ok) return page;
    if (isObject(page.value)) pods.push(...objectsAt(page.value, 'items'));
    token = textAt(objectAt(page.value, 'metadata'), 'continue');
    if (token === '') return ok(pods);
  }
}

const labelsOf = (selector: string | undefined): string =>
  selector === undefined ? AGENT_LABELS : `${AGENT_LABELS},${selector}`;

function linkTo(pod: Json, config: KubeConfig): AgentLink {
  const metadata = objectAt(pod, 'metadata');
  const spec = objectAt(pod, 'spec');
  const [name, namespace] = [textAt(metadata, 'name'), textAt(metadata, 'namespace')];
  const phase = textAt(objectAt(pod, 'status'), 'phase');
  return {
    name: `on ${textAt(spec, 'nodeName') || 'no node'} (${namespace}/${name})`,
    leaving: textAt(metadata, 'deletionTimestamp') !== '',
    connect: (signal) =>
      phase === 'Running'
        ? openPortForward(config, { namespace, pod: name, port: adminPort(spec) }, signal)
        : Promise.reject(new Error(`${NOT_RUNNING} ${phase || 'in no phase'}`)),
    advice: (problem) => linkAdvice(problem, namespace),
  };
}

function adminPort(spec: Json): number {
  const ports = objectsAt(spec, 'containers').flatMap((container) => objectsAt(container, 'ports'));
  const named = ports.find((port) => textAt(port, 'name') === 'admin')?.['containerPort'];
  return typeof named === 'number' ? named : ADMIN_PORT;
}

/** What allows a user to see what agents see; docs/cli.md has it in full. */
const VIEWER =
  'the ClusterRole `eastwall-viewer` allows it: `kubectl create rolebinding eastwall-viewers -n eastwall-system --clusterrole=eastwall-viewer --user=…`';

function explained(failure: KubeFailure, config: KubeConfig): string {
  const forbidden = `${VIEWER}; where agents are in another namespace, \`--agents-namespace\` names it`;
  return kubeProblem(failure, config, { forbidden });
}

const NOT_RUNNING = 'its pod is';

function linkAdvice(problem: string, namespace: string): string | null {
  const kubectl = `kubectl -n ${namespace}`;
  if (problem.startsWith(NOT_RUNNING))
    return `\`${kubectl} describe pod <pod>\` says why; \`logs <pod> -c preflight\`, what its node lacks`;
  if (/forbidden/i.test(problem)) return VIEWER;
  return /^error forwarding/.test(problem) ? `\`${kubectl} logs <pod>\` says how the agent is` : null;
}

function noAgents({ agentsNamespace, node, selector }: KubeChoice, config: KubeConfig): string {
  const place = agentsNamespace === undefined ? '' : ` in namespace \`${agentsNamespace}\``;
  const on = node === undefined ? '' : ` on node \`${node}\``;
  const where = `${place}${on} of the cluster of context \`${config.getCurrentContext()}\``;
  return advised(
    `no agent found: no pod${where} is labelled \`${labelsOf(selector)}\``,
    agentsNamespace === undefined && node === undefined && selector === undefined
      ? 'is Eastwall installed there (`helm list -A`; docs/install.md)? Another cluster: --context'
      : `\`kubectl get pods -A -o wide -l ${AGENT_LABELS}\` shows those that there are`,
  );
}
