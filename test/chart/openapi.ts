import type { ObjectInput } from '../../agent/src/sandbox/kube-api/object.ts';

/** A class that both packages generate for each kind, from the published schemas. */
type Model = new (object: ObjectInput) => { validate(): void };

export const MONITORING = 'monitoring.coreos.com/v1';

/**
 * What the OpenAPI schema of an object's kind has against it: wrong types and formats, and what is required and missing.
 * Fields that there are none of are no matter of it.
 */
export async function schemaProblems(object: ObjectInput): Promise<string[]> {
  const { apiVersion, kind, metadata } = object;
  const name = `${kind} ${metadata.name}`;
  const from =
    apiVersion === MONITORING
      ? `@kubernetes-models/prometheus-operator/${apiVersion}`
      : `kubernetes-models/${apiVersion}`;
  const module = (await import(from)) as Readonly<Record<string, Model | undefined>>;
  const KindOf = module[kind];
  if (KindOf === undefined) return [`${name}: no schema in ${from}`];
  try {
    new KindOf(object).validate();
    return [];
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}
