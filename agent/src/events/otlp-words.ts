import type { AgentEvent, Reporter } from './agent-event.ts';

export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: string }
  | { readonly doubleValue: number };

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

export interface OtlpResource {
  readonly attributes: readonly KeyValue[];
}

/** Empty texts say nothing, and are left out. */
export const attributes = (
  values: Readonly<Record<string, string | number | boolean>>,
): readonly KeyValue[] =>
  Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => ({ key, value: anyValue(value) }));

function anyValue(value: string | number | boolean): AnyValue {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: `${value}` } : { doubleValue: value };
}

/** Owners of pods that the conventions have a name for. */
const OWNERS: Readonly<Record<string, string>> = {
  Deployment: 'k8s.deployment.name',
  StatefulSet: 'k8s.statefulset.name',
  DaemonSet: 'k8s.daemonset.name',
  Job: 'k8s.job.name',
  CronJob: 'k8s.cronjob.name',
};

/** The workload that calls; the node's agent where it is not known. */
export function resourceOf(event: AgentEvent, { node }: Reporter): OtlpResource {
  const caller = event.kind === 'exchange' ? event.record.caller : { ...event.finding.caller, uid: '' };
  if (caller === null)
    return { attributes: attributes({ 'service.name': 'eastwall', 'k8s.node.name': node }) };
  const owner = OWNERS[caller.kind];
  return {
    attributes: attributes({
      'service.name': caller.name,
      'service.namespace': caller.namespace,
      'k8s.namespace.name': caller.namespace,
      'k8s.pod.name': caller.pod,
      'k8s.pod.uid': caller.uid,
      'k8s.node.name': node,
      ...(owner !== undefined && { [owner]: caller.name }),
    }),
  };
}

export const scopeOf = ({ version }: Reporter) => ({ name: 'eastwall', version });
