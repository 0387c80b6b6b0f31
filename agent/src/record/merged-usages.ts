import { addUsage, type OperationUsage, placeKey, usageKey } from './operation-usage.ts';

/**
 * What several observers have seen, as one. Each learns by itself which segments are ids: one that has seen few paths
 * says `/zoo/ant`, another `/zoo/{zooId}`. A path that only some know, and of which others know the template, belongs to
 * that; one that somebody keeps beside the template is a name, and stays.
 */
export function mergedUsages(sources: readonly (readonly OperationUsage[])[]): OperationUsage[] {
  const observers = sources.map(observerOf);
  const merged = new Map<string, OperationUsage>();
  for (const observer of observers)
    for (const usage of observer.usages) {
      const template = betterTemplate(usage, observer, observers);
      const better = template === null ? usage : { ...usage, template };
      const key = usageKey(better, better);
      const same = merged.get(key);
      merged.set(key, same === undefined ? better : addUsage(same, better));
    }
  return [...merged.values()];
}

interface Observer {
  readonly usages: readonly OperationUsage[];
  readonly keys: ReadonlySet<string>;
  /** Templates with a parameter, by what they have in common with paths that they might take. */
  readonly templates: ReadonlyMap<string, readonly string[]>;
}

function observerOf(usages: readonly OperationUsage[]): Observer {
  const templates = new Map<string, string[]>();
  for (const usage of usages) {
    if (!usage.template.includes('{')) continue;
    const kin = kinKey(usage);
    const known = templates.get(kin);
    if (known === undefined) templates.set(kin, [usage.template]);
    else known.push(usage.template);
  }
  return { usages, keys: new Set(usages.map((usage) => usageKey(usage, usage))), templates };
}

function betterTemplate(usage: OperationUsage, own: Observer, observers: readonly Observer[]): string | null {
  for (const other of observers) {
    if (other === own || other.keys.has(usageKey(usage, usage))) continue;
    for (const template of other.templates.get(kinKey(usage)) ?? [])
      if (!own.keys.has(usageKey(usage, { ...usage, template })) && takes(template, usage.template))
        return template;
  }
  return null;
}

const kinKey = (usage: OperationUsage): string =>
  `${placeKey(usage)} ${usage.method} ${usage.template.split('/').length} ${usage.name}`;

/** Whether every segment of the one is that of the other, or a parameter for it. */
function takes(template: string, other: string): boolean {
  const segments = other.split('/');
  return template
    .split('/')
    .every(
      (segment, index) => segment === segments[index] || (segment.startsWith('{') && segments[index] !== ''),
    );
}
