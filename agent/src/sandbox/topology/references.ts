import { OUTSIDE } from '../protocol.ts';
import type { PathProblem } from './problem.ts';
import type { ParsedTopology } from './schema.ts';

/** Namespaces that every cluster has. */
const BUILTIN_NAMESPACES = ['default', 'kube-system'];
const ONE_POD_KINDS: ReadonlySet<string> = new Set(['DaemonSet', 'CronJob']);

/** What no single field shows: names that lead nowhere and names used twice. */
export function referenceProblems(topology: ParsedTopology): PathProblem[] {
  return [
    ...duplicates(topology.nodes, (name) => name).map(at(['nodes'], 'node')),
    ...duplicates(topology.namespaces, ({ name }) => name).map(at(['namespaces'], 'namespace')),
    ...duplicates(topology.pods, ({ namespace, name }) => `${namespace}/${name}`).map(at(['pods'], 'pod')),
    ...duplicates(topology.services, ({ namespace, name }) => `${namespace}/${name}`).map(
      at(['services'], 'service'),
    ),
    ...duplicates(topology.external, ({ name }) => name).map(at(['external'], 'host')),
    ...reservedNodes(topology),
    ...unknownNamespaces(topology),
    ...topology.pods.flatMap((pod, index) => podProblems(topology, pod, index)),
  ];
}

function podProblems(
  { nodes }: ParsedTopology,
  pod: ParsedTopology['pods'][number],
  index: number,
): PathProblem[] {
  const problems: PathProblem[] = [];
  const problem = (field: string, message: string) =>
    problems.push({ path: ['pods', index, field], message });
  if (pod.node !== undefined && !nodes.includes(pod.node)) {
    problem('node', `no node \`${pod.node}\`; there are ${nodes.join(', ')}`);
  }
  if (pod.owner === undefined && pod.replicas !== 1)
    problem('replicas', 'only a pod with an `owner` has replicas');
  if (pod.owner !== undefined && ONE_POD_KINDS.has(pod.owner.kind) && pod.replicas !== 1) {
    problem('replicas', `a ${pod.owner.kind} has no replicas`);
  }
  const runsOnce = pod.owner?.kind === 'Job' || pod.owner?.kind === 'CronJob';
  if (runsOnce && pod.restart === 'Always')
    problem('restart', `a ${pod.owner?.kind} ends, so it can't restart always`);
  if (!runsOnce && pod.owner !== undefined && pod.restart !== undefined && pod.restart !== 'Always') {
    problem('restart', `the pods of a ${pod.owner.kind} restart always`);
  }
  return problems;
}

/** Beside the nodes' directories there is one for the hosts outside. */
const reservedNodes = ({ nodes }: ParsedTopology): PathProblem[] =>
  nodes.flatMap((name, index) =>
    name === OUTSIDE
      ? [{ path: ['nodes', index], message: `\`${OUTSIDE}\` can't be the name of a node` }]
      : [],
  );

function unknownNamespaces({ namespaces, pods, services }: ParsedTopology): PathProblem[] {
  const known = new Set([...BUILTIN_NAMESPACES, ...namespaces.map(({ name }) => name)]);
  const check = (list: 'pods' | 'services', items: readonly { readonly namespace: string }[]) =>
    items.flatMap(({ namespace }, index): PathProblem[] =>
      known.has(namespace)
        ? []
        : [
            {
              path: [list, index, 'namespace'],
              message: `no namespace \`${namespace}\`; list it under \`namespaces\``,
            },
          ],
    );
  return [...check('pods', pods), ...check('services', services)];
}

interface Duplicate {
  readonly index: number;
  readonly key: string;
}

function duplicates<T>(items: readonly T[], keyOf: (item: T) => string): Duplicate[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const key = keyOf(item);
    if (seen.has(key)) return [{ index, key }];
    seen.add(key);
    return [];
  });
}

const at =
  (list: readonly string[], what: string) =>
  ({ index, key }: Duplicate): PathProblem => ({
    path: [...list, index],
    message: `${what} \`${key}\` is there twice`,
  });
