import { isRecord, type ObjectInput, sameJson } from './object.ts';
import type { StatusCause } from './status-error.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What an update of `resource` changes though it may not; users meet the same refusals in a real cluster. */
export function immutableFieldProblems(
  resource: string,
  current: ObjectInput,
  next: ObjectInput,
): readonly StatusCause[] {
  const before = specOf(current);
  const after = specOf(next);
  if (resource === 'pods')
    return sameJson(frozenPart(before, before), frozenPart(after, before)) ? [] : [FIXED_POD];
  const field = FIXED_FIELDS.get(resource);
  if (field === undefined || isUnset(before[field]) || sameJson(before[field], after[field])) return [];
  return [
    {
      reason: 'FieldValueInvalid',
      field: `spec.${field}`,
      message: `Invalid value: ${JSON.stringify(after[field] ?? null)}: field is immutable`,
    },
  ];
}

const FIXED_FIELDS: ReadonlyMap<string, string> = new Map([
  ['deployments.apps', 'selector'],
  ['replicasets.apps', 'selector'],
  ['statefulsets.apps', 'selector'],
  ['daemonsets.apps', 'selector'],
  ['services', 'clusterIP'],
]);

const isUnset = (value: unknown): boolean => value === undefined || value === '';

const FIXED_POD: StatusCause = {
  reason: 'FieldValueForbidden',
  field: 'spec',
  message:
    'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
    '`spec.activeDeadlineSeconds`,`spec.tolerations`,`spec.terminationGracePeriodSeconds`',
};

/** The pod's spec without what may change, and without a node where it had none: binding it is no change. */
function frozenPart(spec: Fields, before: Fields): Fields {
  const {
    activeDeadlineSeconds: _,
    tolerations: __,
    terminationGracePeriodSeconds: ___,
    nodeName,
    ...rest
  } = spec;
  return {
    ...rest,
    ...(before['nodeName'] === undefined ? {} : { nodeName }),
    containers: withoutImages(spec['containers']),
    initContainers: withoutImages(spec['initContainers']),
  };
}

function withoutImages(containers: unknown): unknown {
  if (!Array.isArray(containers)) return containers;
  return containers.map((container: unknown) => {
    if (!isRecord(container)) return container;
    const { image: _, ...rest } = container;
    return rest;
  });
}

const specOf = (object: ObjectInput): Fields => (isRecord(object['spec']) ? object['spec'] : {});
