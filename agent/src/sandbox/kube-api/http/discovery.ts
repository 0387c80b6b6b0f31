import { joinApiVersion } from '../object.ts';
import type { Resource, ResourceVersion } from '../resource.ts';
import { type ApiReply, type ApiRequest, json } from './exchange.ts';
import { parseAccept } from './media.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'] as const;
const STATUS_VERBS = ['get', 'patch', 'update'] as const;

/** The groups, versions and resources of the API, in the old form and in the aggregated one. */
export class Discovery {
  readonly #resources: readonly Resource[];
  readonly #reviews: readonly Resource[];

  /** `reviews` can only be created. */
  constructor(resources: readonly Resource[], reviews: readonly Resource[]) {
    this.#resources = resources;
    this.#reviews = reviews;
  }

  /** Answers /api, /apis, /apis/<group> and the resource lists; undefined for what is none of them. */
  answer(request: ApiRequest): ApiReply | undefined {
    const [root, group, version, ...rest] = request.path.split('/').filter((part) => part !== '');
    if (root === 'api') {
      if (group === undefined) return this.#aggregated(request, ['']) ?? json(200, coreVersions());
      return version === undefined ? this.#resourceList('', group) : undefined;
    }
    if (root !== 'apis' || rest.length > 0) return undefined;
    if (group === undefined) return this.#aggregated(request, this.#groups()) ?? json(200, this.#groupList());
    return version === undefined ? this.#oneGroup(group) : this.#resourceList(group, version);
  }

  #all(): readonly Resource[] {
    return [...this.#resources, ...this.#reviews];
  }

  #groups(): string[] {
    return [...new Set(this.#all().map((resource) => resource.group))].filter((group) => group !== '');
  }

  #versions(group: string): string[] {
    const versions = this.#all()
      .filter((resource) => resource.group === group)
      .flatMap((resource) => resource.versions.map((version) => version.name));
    return [...new Set(versions)];
  }

  #group(name: string) {
    const versions = this.#versions(name).map((version) => ({
      groupVersion: joinApiVersion(name, version),
      version,
    }));
    return { name, versions, preferredVersion: versions[0] };
  }

  #groupList() {
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: this.#groups().map((name) => this.#group(name)),
    };
  }

  #oneGroup(name: string): ApiReply | undefined {
    if (!this.#groups().includes(name)) return undefined;
    return json(200, { kind: 'APIGroup', apiVersion: 'v1', ...this.#group(name) });
  }

  #served(group: string, version: string) {
    return this.#all().flatMap((resource) => {
      const served = resource.group === group ? resource.versions.find((v) => v.name === version) : undefined;
      return served === undefined ? [] : [{ resource, version: served, verbs: this.#verbs(resource) }];
    });
  }

  #verbs(resource: Resource): readonly string[] {
    return this.#reviews.includes(resource) ? ['create'] : VERBS;
  }

  #resourceList(group: string, version: string): ApiReply | undefined {
    const served = this.#served(group, version);
    if (served.length === 0) return undefined;
    return json(200, {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: joinApiVersion(group, version),
      resources: served.flatMap(listed),
    });
  }

  #aggregated(request: ApiRequest, groups: readonly string[]): ApiReply | undefined {
    const version = aggregatedVersion(request.accept);
    if (version === undefined) return undefined;
    const items = groups.map((group) => ({
      metadata: { name: group, creationTimestamp: null },
      versions: this.#versions(group).map((served) => ({
        version: served,
        freshness: 'Current',
        resources: this.#served(group, served).map(aggregatedResource),
      })),
    }));
    return {
      kind: 'json',
      code: 200,
      contentType: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      body: {
        kind: 'APIGroupDiscoveryList',
        apiVersion: `apidiscovery.k8s.io/${version}`,
        metadata: {},
        items,
      },
    };
  }
}

const coreVersions = () => ({
  kind: 'APIVersions',
  apiVersion: 'v1',
  versions: ['v1'],
  serverAddressByClientCIDRs: [],
});

/** The first aggregated form that the client knows; undefined for one that only knows the old lists. */
function aggregatedVersion(accept: string): string | undefined {
  return parseAccept(accept)
    .filter((range) => range.parameters.get('as') === 'APIGroupDiscoveryList')
    .map((range) => range.parameters.get('v'))
    .find((version) => version === 'v2' || version === 'v2beta1');
}

interface Served {
  readonly resource: Resource;
  readonly version: ResourceVersion;
  readonly verbs: readonly string[];
}

function listed({ resource, version, verbs }: Served) {
  const own = {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs,
    ...optionalNames(resource),
  };
  const status = {
    name: `${resource.plural}/status`,
    singularName: '',
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: STATUS_VERBS,
  };
  return version.status ? [own, status] : [own];
}

function aggregatedResource({ resource, version, verbs }: Served) {
  const responseKind = { group: resource.group, version: version.name, kind: resource.kind };
  return {
    resource: resource.plural,
    responseKind,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs,
    ...optionalNames(resource),
    ...(version.status
      ? { subresources: [{ subresource: 'status', responseKind, verbs: STATUS_VERBS }] }
      : {}),
  };
}

const optionalNames = ({ shortNames, categories }: Resource) => ({
  ...(shortNames.length === 0 ? {} : { shortNames }),
  ...(categories.length === 0 ? {} : { categories }),
});
