/**
 * How a field travels: a scalar, a map of strings or bytes, or another message of this table. `[]` repeats.
 * Go writes numbers that are not optional even when they are 0, so 0 only counts for an `int?`.
 */
export type FieldType =
  | 'string'
  | 'bytes'
  | 'int'
  | 'int?'
  | 'bool'
  | 'skip'
  | `map:${'string' | 'bytes'}`
  | string;

/** By field number: the JSON name and the type. */
export type Fields = Readonly<Record<number, readonly [name: string, type: FieldType]>>;

/**
 * The kinds that kubectl's `create` subcommands send as protocol buffers, with the fields those can set; the
 * numbers are those of Kubernetes' generated.proto files.
 */
export const MESSAGES: ReadonlyMap<string, Fields> = new Map<string, Fields>([
  ['Namespace', { 1: ['metadata', 'ObjectMeta'], 3: ['status', 'skip'] }],
  [
    'ConfigMap',
    {
      1: ['metadata', 'ObjectMeta'],
      2: ['data', 'map:string'],
      3: ['binaryData', 'map:bytes'],
      4: ['immutable', 'bool'],
    },
  ],
  [
    'Secret',
    {
      1: ['metadata', 'ObjectMeta'],
      2: ['data', 'map:bytes'],
      3: ['type', 'string'],
      4: ['stringData', 'map:string'],
      5: ['immutable', 'bool'],
    },
  ],
  ['ServiceAccount', { 1: ['metadata', 'ObjectMeta'] }],
  ['Service', { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'ServiceSpec'], 3: ['status', 'skip'] }],
  ['Deployment', { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'DeploymentSpec'], 3: ['status', 'skip'] }],
  ['Job', { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'JobSpec'], 3: ['status', 'skip'] }],
  ['CronJob', { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'CronJobSpec'], 3: ['status', 'skip'] }],
  ...['RoleBinding', 'ClusterRoleBinding'].map((kind): [string, Fields] => [
    kind,
    { 1: ['metadata', 'ObjectMeta'], 2: ['subjects', 'Subject[]'], 3: ['roleRef', 'RoleRef'] },
  ]),
  [
    'Subject',
    { 1: ['kind', 'string'], 2: ['apiGroup', 'string'], 3: ['name', 'string'], 4: ['namespace', 'string'] },
  ],
  ['RoleRef', { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] }],
  // Of a review the question does not matter: the answer is always the same.
  ...[
    'SelfSubjectAccessReview',
    'SelfSubjectRulesReview',
    'SubjectAccessReview',
    'LocalSubjectAccessReview',
    'SelfSubjectReview',
  ].map((kind): [string, Fields] => [
    kind,
    { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'skip'], 3: ['status', 'skip'] },
  ]),
  [
    'DeleteOptions',
    {
      1: ['gracePeriodSeconds', 'int?'],
      2: ['preconditions', 'Preconditions'],
      3: ['orphanDependents', 'bool'],
      4: ['propagationPolicy', 'string'],
      5: ['dryRun', 'string[]'],
    },
  ],
  ['Preconditions', { 1: ['uid', 'string'], 2: ['resourceVersion', 'string'] }],
  [
    'ObjectMeta',
    {
      1: ['name', 'string'],
      2: ['generateName', 'string'],
      3: ['namespace', 'string'],
      8: ['creationTimestamp', 'skip'],
      11: ['labels', 'map:string'],
      12: ['annotations', 'map:string'],
      13: ['ownerReferences', 'OwnerReference[]'],
      14: ['finalizers', 'string[]'],
    },
  ],
  [
    'OwnerReference',
    {
      1: ['kind', 'string'],
      3: ['name', 'string'],
      4: ['uid', 'string'],
      5: ['apiVersion', 'string'],
      6: ['controller', 'bool'],
      7: ['blockOwnerDeletion', 'bool'],
    },
  ],
  [
    'ServiceSpec',
    {
      1: ['ports', 'ServicePort[]'],
      2: ['selector', 'map:string'],
      3: ['clusterIP', 'string'],
      4: ['type', 'string'],
      7: ['sessionAffinity', 'string'],
      10: ['externalName', 'string'],
      18: ['clusterIPs', 'string[]'],
    },
  ],
  [
    'ServicePort',
    {
      1: ['name', 'string'],
      2: ['protocol', 'string'],
      3: ['port', 'int'],
      4: ['targetPort', 'IntOrString'],
      5: ['nodePort', 'int'],
    },
  ],
  [
    'DeploymentSpec',
    {
      1: ['replicas', 'int?'],
      2: ['selector', 'LabelSelector'],
      3: ['template', 'PodTemplateSpec'],
      4: ['strategy', 'DeploymentStrategy'],
    },
  ],
  ['DeploymentStrategy', { 1: ['type', 'string'] }],
  ['LabelSelector', { 1: ['matchLabels', 'map:string'] }],
  [
    'JobSpec',
    {
      1: ['parallelism', 'int?'],
      2: ['completions', 'int?'],
      6: ['template', 'PodTemplateSpec'],
      7: ['backoffLimit', 'int?'],
    },
  ],
  [
    'CronJobSpec',
    {
      1: ['schedule', 'string'],
      3: ['concurrencyPolicy', 'string'],
      4: ['suspend', 'bool'],
      5: ['jobTemplate', 'JobTemplateSpec'],
    },
  ],
  ['JobTemplateSpec', { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'JobSpec'] }],
  ['PodTemplateSpec', { 1: ['metadata', 'ObjectMeta'], 2: ['spec', 'PodSpec'] }],
  [
    'PodSpec',
    { 2: ['containers', 'Container[]'], 3: ['restartPolicy', 'string'], 8: ['serviceAccountName', 'string'] },
  ],
  [
    'Container',
    {
      1: ['name', 'string'],
      2: ['image', 'string'],
      3: ['command', 'string[]'],
      4: ['args', 'string[]'],
      6: ['ports', 'ContainerPort[]'],
      7: ['env', 'EnvVar[]'],
      14: ['imagePullPolicy', 'string'],
    },
  ],
  ['ContainerPort', { 1: ['name', 'string'], 3: ['containerPort', 'int'], 4: ['protocol', 'string'] }],
  ['EnvVar', { 1: ['name', 'string'], 2: ['value', 'string'] }],
]);
