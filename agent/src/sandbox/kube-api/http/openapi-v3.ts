import { createHash } from 'node:crypto';
import { joinApiVersion } from '../object.ts';
import type { Resource, ResourceVersion } from '../resource.ts';

const ROOT = 'openapi/v3';

/** /openapi/v3: where each group version's document is. The hash lets clients cache it. */
export function openapiV3Root(resources: readonly Resource[], serverVersion: string) {
  const paths = [...groupVersions(resources)].map((path) => {
    const content = JSON.stringify(openapiV3Document(resources, path, serverVersion));
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 32);
    return [path, { serverRelativeURL: `/${ROOT}/${path}?hash=${hash}` }];
  });
  return { paths: Object.fromEntries(paths) as Record<string, unknown> };
}

/** The document of `api/v1` or `apis/apps/v1`; undefined for a group version that nothing serves. */
export function openapiV3Document(resources: readonly Resource[], path: string, serverVersion: string) {
  if (!groupVersions(resources).has(path)) return undefined;
  const served = resources.flatMap((resource) =>
    resource.versions
      .filter((version) => groupVersionPath(resource, version) === path)
      .map((version) => ({ resource, version })),
  );
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: serverVersion },
    paths: Object.fromEntries(served.flatMap(({ resource, version }) => resourcePaths(resource, version))),
    components: {
      schemas: Object.fromEntries(
        served.map(({ resource, version }) => [schemaName(resource, version), schema(resource, version)]),
      ),
    },
  };
}

const groupVersions = (resources: readonly Resource[]): Set<string> =>
  new Set(
    resources.flatMap((resource) => resource.versions.map((version) => groupVersionPath(resource, version))),
  );

const groupVersionPath = (resource: Resource, version: ResourceVersion): string =>
  `${resource.group === '' ? 'api' : 'apis'}/${joinApiVersion(resource.group, version.name)}`;

const schemaName = (resource: Resource, version: ResourceVersion): string =>
  resource.group === ''
    ? `io.k8s.api.core.${version.name}.${resource.kind}`
    : `${resource.group.split('.').toReversed().join('.')}.${version.name}.${resource.kind}`;

const kindOf = (resource: Resource, version: ResourceVersion) => ({
  group: resource.group,
  version: version.name,
  kind: resource.kind,
});

/** Of built-in kinds only the name: clients have those types compiled in, and this server validates. */
function schema(resource: Resource, version: ResourceVersion) {
  return {
    type: 'object',
    ...version.schema,
    'x-kubernetes-group-version-kind': [kindOf(resource, version)],
  };
}

function resourcePaths(resource: Resource, version: ResourceVersion): [string, unknown][] {
  const base = `/${groupVersionPath(resource, version)}`;
  const collection = `${base}${resource.namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`;
  return [
    [collection, { get: operation(resource, version, 'list'), post: operation(resource, version, 'post') }],
    [
      `${collection}/{name}`,
      {
        get: operation(resource, version, 'get'),
        put: operation(resource, version, 'put'),
        patch: operation(resource, version, 'patch'),
        delete: operation(resource, version, 'delete'),
      },
    ],
  ];
}

const WRITES: ReadonlySet<string> = new Set(['post', 'put', 'patch']);

function operation(resource: Resource, version: ResourceVersion, action: string) {
  const reference = { $ref: `#/components/schemas/${schemaName(resource, version)}` };
  const content = { 'application/json': { schema: reference } };
  const body = action === 'patch' ? PATCH_BODY : { content };
  return {
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': kindOf(resource, version),
    responses: { 200: { description: 'OK', content } },
    // Clients look for `fieldValidation` to learn that they may leave validation to the server.
    ...(WRITES.has(action)
      ? { parameters: ['dryRun', 'fieldManager', 'fieldValidation'].map(queryParameter), requestBody: body }
      : {}),
  };
}

const PATCH_BODY = { content: { 'application/merge-patch+json': { schema: { type: 'object' } } } };

const queryParameter = (name: string) => ({ name, in: 'query', schema: { type: 'string' } });
