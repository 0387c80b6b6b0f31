import { ALLOWED } from '../load/operations.ts';
import { BACKEND, CAPTURED_POD, NAMESPACE } from './names.ts';

const apiPolicy = (name: string, spec: object) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'ApiPolicy',
  metadata: { name, namespace: NAMESPACE },
  spec,
});

/** One enforced policy on the backend, and others, on Services that nobody calls, to make up the number. */
export function policies(count: number): ReturnType<typeof apiPolicy>[] {
  const others = Array.from({ length: count - 1 }, (_, n) =>
    apiPolicy(`other-${n}`, {
      target: { services: [`other-${n}`] },
      mode: 'Enforce',
      rules: rulesFor(`caller-${n}`),
    }),
  );
  const own = { target: { services: [BACKEND] }, mode: 'Enforce', rules: rulesFor(CAPTURED_POD) };
  return [apiPolicy(BACKEND, own), ...others];
}

const rulesFor = (serviceAccount: string) =>
  ALLOWED.map(({ name, method, template }) => ({
    name,
    action: 'Allow',
    from: [{ serviceAccount }],
    to: [{ methods: [method], path: template }],
  }));
