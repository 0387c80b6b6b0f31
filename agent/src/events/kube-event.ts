import { DETECTIONS } from '@eastwall/policy';
import type { Finding } from '../record/finding.ts';

/** What the API takes of a message (`EventSpec` of Kubernetes). */
const MAX_MESSAGE = 1_024;
/** Beneath it, a finding is no warning. */
const NORMAL: ReadonlySet<Finding['severity']> = new Set(['info', 'low']);

/**
 * An Event of the core API on the pod that a finding is about, for `kubectl describe pod`. Named after the finding, so that
 * there is one for each, however often it is sent. `uid` is the pod's; empty when it is gone already.
 */
export function kubeEvent(finding: Finding, uid: string): { readonly path: string; readonly body: object } {
  const { namespace, pod } = finding.caller;
  const seen = (time: number) => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `eastwall.${finding.id}`, namespace },
      involvedObject: { apiVersion: 'v1', kind: 'Pod', name: pod, namespace, ...(uid !== '' && { uid }) },
      reason: reasonOf(finding),
      message: messageOf(finding),
      type: NORMAL.has(finding.severity) ? 'Normal' : 'Warning',
      source: { component: 'eastwall', host: finding.node },
      reportingComponent: 'eastwall.dev/agent',
      reportingInstance: finding.node,
      firstTimestamp: seen(finding.firstSeen),
      lastTimestamp: seen(finding.lastSeen),
      count: 1,
    },
  };
}

/** `object-enumeration` → `ObjectEnumeration`, as reasons are written. */
const reasonOf = ({ detection }: Finding): string =>
  detection.replace(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase());

function messageOf({ detection, explanation, destination, operation, id }: Finding): string {
  const where = operation === '' ? destination : `${operation} of ${destination}`;
  const text = `${DETECTIONS[detection].title}: ${explanation} (${where}; eastwall findings show ${id})`;
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 1)}…`;
}
