import { err, ok, type Result } from '../../../kernel/result.ts';
import { isRecord, type KubeObject } from '../object.ts';
import { type Resource, resourceName } from '../resource.ts';

export type FieldMatcher = (object: KubeObject) => boolean;

const EVERY_KIND = ['metadata.name', 'metadata.namespace'];

/** The fields that the real API server indexes, by resource. */
const BY_RESOURCE: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'pods',
    [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
  ],
  [
    'events',
    [
      ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(
        (field) => `involvedObject.${field}`,
      ),
      'reason',
      'reportingComponent',
      'source',
      'type',
    ],
  ],
  ['namespaces', ['status.phase']],
  ['nodes', ['spec.unschedulable']],
  ['secrets', ['type']],
  ['services', ['spec.clusterIP', 'spec.type']],
  ['jobs.batch', ['status.successful']],
]);

/** Fields of a flag that is absent when it is false. */
const FLAGS: ReadonlySet<string> = new Set(['spec.hostNetwork', 'spec.unschedulable']);

/** Parses `spec.nodeName=a,status.phase!=Failed`; the error is the message of the API server's 400. */
export function parseFieldSelector(resource: Resource, text: string): Result<FieldMatcher, string> {
  const supported = [...EVERY_KIND, ...(BY_RESOURCE.get(resourceName(resource)) ?? [])];
  const matchers: FieldMatcher[] = [];
  for (const part of text.split(/(?<!\\),/).filter((piece) => piece !== '')) {
    const parsed = /^([^=!]+)(==|=|!=)(.*)$/s.exec(part);
    if (parsed === null) return err(`invalid selector: \`${text}\`; can't understand \`${part}\``);
    const [, field = '', operator, value = ''] = parsed;
    if (!supported.includes(field)) return err(`field label not supported: ${field}`);
    const wanted = value.replace(/\\([\\,=])/g, '$1');
    matchers.push((object) => (fieldValue(object, field) === wanted) === (operator !== '!='));
  }
  return ok((object) => matchers.every((matches) => matches(object)));
}

/** As a string; absent is empty, as in the API server. */
function fieldValue(object: KubeObject, field: string): string {
  let value: unknown = object;
  for (const member of field.split('.')) value = isRecord(value) ? value[member] : undefined;
  // An event's `source` selects by the component in it.
  if (field === 'source' && isRecord(value)) value = value['component'];
  if (value === undefined || value === null) return FLAGS.has(field) ? 'false' : '';
  return String(value);
}
