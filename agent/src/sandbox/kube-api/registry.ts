import { BUILTIN_RESOURCES } from './builtin-resources.ts';
import { splitApiVersion } from './object.ts';
import { type Resource, resourceName } from './resource.ts';

/** What the API serves right now; grows and shrinks with the CRDs. */
export class ResourceRegistry {
  readonly #byName = new Map<string, Resource>();

  constructor(builtin: readonly Resource[] = BUILTIN_RESOURCES) {
    for (const resource of builtin) this.#byName.set(resourceName(resource), resource);
  }

  all(): readonly Resource[] {
    return [...this.#byName.values()];
  }

  /** By `plural.group`, or by the plural alone where that is enough to tell. */
  byName(name: string): Resource | undefined {
    return this.#byName.get(name) ?? this.all().find((resource) => resource.plural === name);
  }

  byKind(apiVersion: string, kind: string): Resource | undefined {
    const { group, version } = splitApiVersion(apiVersion);
    return this.all().find(
      (resource) =>
        resource.kind === kind &&
        resource.group === group &&
        resource.versions.some((served) => served.name === version),
    );
  }

  byPath(group: string, version: string, plural: string): Resource | undefined {
    const resource = this.#byName.get(resourceName({ group, plural }));
    return resource?.versions.some((served) => served.name === version) ? resource : undefined;
  }

  set(resource: Resource): void {
    this.#byName.set(resourceName(resource), resource);
  }

  remove(name: string): void {
    this.#byName.delete(name);
  }
}
