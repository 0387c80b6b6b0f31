import { createHash, randomInt } from 'node:crypto';
import type { Pod, PodTemplate, WorkloadObject } from '../../cluster/objects.ts';
import type { KubeObject, ObjectInput, OwnerReference } from '../../kube-api/object.ts';

/** No vowels, so that no name becomes a word: the alphabet of Kubernetes' own suffixes. */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

export const randomSuffix = (): string =>
  Array.from({ length: 5 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');

/** Names a template's content: the same for the same template, in the alphabet of suffixes. */
export function templateHash(template: PodTemplate): string {
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return [...digest.subarray(0, 10)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

export const ownerReference = (owner: KubeObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

export interface PodDetails {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A pod of the workload's template. */
export const podOf = (owner: WorkloadObject, details: PodDetails): ObjectInput => {
  const { metadata, spec } = owner.spec.template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: details.name,
      namespace: owner.metadata.namespace ?? '',
      labels: { ...metadata?.labels, ...details.labels },
      annotations: metadata?.annotations ?? {},
      ownerReferences: [ownerReference(owner)],
    },
    spec: { ...spec, ...details.spec },
  };
};

export const isOwnedBy = (object: KubeObject, owner: KubeObject): boolean =>
  object.metadata.ownerReferences?.some(
    ({ uid, controller }) => controller === true && uid === owner.metadata.uid,
  ) ?? false;

/** Newest last; those made in the same second by name. */
export const byAge = (a: Pod, b: Pod): number =>
  a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
  a.metadata.name.localeCompare(b.metadata.name);
