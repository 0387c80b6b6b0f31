import { mergedUsages } from '../record/merged-usages.ts';
import { type OperationUsage, usageState } from '../record/operation-usage.ts';
import { parseParty } from '../sinks/flow-filter.ts';
import { askAgents, exitOf } from './fleet/ask-agents.ts';
import type { Asking } from './fleet/fleet.ts';
import { apisText } from './format/apis-text.ts';
import { asData, type Format } from './output.ts';
import { EXIT, type ExitCode } from './terminal.ts';

export interface ApisOptions {
  readonly namespace?: string;
  /** Wins over `namespace`. */
  readonly allNamespaces?: boolean;
  /** `name`, `namespace/name`, `namespace/`, or a host. */
  readonly for?: string;
  readonly output?: Format;
}

interface Answer {
  readonly usages: OperationUsage[];
  readonly forgotten: number;
}

/** `eastwall apis`: what the pods of every agent that answers call. */
export async function apis(asking: Asking, options: ApisOptions): Promise<ExitCode> {
  const { terminal } = asking;
  const { output } = options;
  const style = { paint: terminal.paint, wide: output === 'wide', now: terminal.now() };
  const found = await askAgents<Answer>(asking, '/apis', ({ usages, forgotten }) =>
    apisText({ usages: mergedUsages([usages]), forgotten }, style),
  );
  const { answers, missing } = found;
  if (answers.length === 0) return EXIT.failed;
  const forgotten = answers.reduce((sum, answer) => sum + answer.forgotten, 0);
  const usages = mergedUsages(answers.map((answer) => answer.usages))
    .filter((usage) => isWanted(usage, options))
    .toSorted(byPlace);
  terminal.out(
    (await asData({ ...forPrograms(usages), forgotten, missing }, output)) ??
      apisText({ usages, forgotten }, style),
  );
  return exitOf(found);
}

function isWanted({ namespace, service }: OperationUsage, options: ApisOptions): boolean {
  const only = options.allNamespaces === true ? undefined : options.namespace;
  if (only !== undefined && namespace !== only) return false;
  if (options.for === undefined) return true;
  const party = parseParty(options.for);
  return (
    (party.namespace === null || party.namespace === namespace) &&
    (party.name === null || party.name === service)
  );
}

/** Services first, hosts outside of the cluster last. */
function byPlace(a: OperationUsage, b: OperationUsage): number {
  return (
    Number(a.namespace === '') - Number(b.namespace === '') ||
    compare(a.namespace, b.namespace) ||
    compare(a.service, b.service) ||
    a.port - b.port ||
    compare(a.template, b.template) ||
    compare(a.method, b.method) ||
    compare(a.name, b.name)
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const STATUSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];

/** For programs: times as RFC 3339 has them. */
function forPrograms(usages: readonly OperationUsage[]) {
  const data = usages.map((usage) => ({
    ...usage,
    statuses: Object.fromEntries(STATUSES.map((name, index) => [name, usage.statuses[index] ?? 0])),
    ...(usage.kind === 'operation' && { state: usageState(usage) }),
    firstSeen: new Date(usage.firstSeen).toISOString(),
    lastSeen: new Date(usage.lastSeen).toISOString(),
  }));
  const { operations = [], probes = [] } = Object.groupBy(data, ({ kind }) =>
    kind === 'probes' ? 'probes' : 'operations',
  );
  return { operations, probes };
}
