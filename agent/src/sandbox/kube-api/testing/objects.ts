import type { KubeObject, ObjectInput } from '../object.ts';
import type { Write } from '../store.ts';

export const specOn = (nodeName: string, image = 'none') => ({
  nodeName,
  containers: [{ name: 'main', image }],
});

export const pod = (name: string, extra: Readonly<Record<string, unknown>> = {}): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: specOn('a'),
  ...extra,
});

export const configMap = (name: string, metadata: object = {}): ObjectInput => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
});

/** What was stored; throws when it was refused. */
export function value(write: Write): KubeObject {
  if (!write.ok) throw new Error(write.error.message);
  return write.value;
}

/** Why it was refused, code first; undefined when it was not. */
export const refusal = (write: Write): string | undefined =>
  write.ok ? undefined : `${write.error.code} ${write.error.message}`;
