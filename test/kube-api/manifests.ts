/** What the tests hand to kubectl, as plain JSON, which is YAML too. */
export const pod = (image: string, labels: object = { app: 'web' }) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', labels },
  spec: {
    nodeName: 'node-a',
    containers: [
      { name: 'main', image, ports: [{ containerPort: 80, name: 'http' }] },
      { name: 'side', image: 'side' },
    ],
  },
});

export const deployment = (replicas: number, env: readonly { name: string; value: string }[]) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'orders', namespace: 'default' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'orders' } },
    template: {
      metadata: { labels: { app: 'orders' } },
      spec: { containers: [{ name: 'main', image: 'orders', env }] },
    },
  },
});

export const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { app: 'web' }, clusterIP: '10.96.0.10', ports: [{ port: 80, targetPort: 'http' }] },
};

export const policy = (mode: string, rules: readonly object[]) => ({
  apiVersion: 'eastwall.dev/v1alpha1',
  kind: 'ApiPolicy',
  metadata: { name: 'billing', namespace: 'default' },
  spec: { target: { services: ['billing'] }, mode, rules },
});

export const rule = (name: string, action = 'Allow') => ({
  name,
  action,
  from: [{ serviceAccount: 'frontend' }],
  to: [{ methods: ['GET'], path: '/invoices/{id:int}' }],
});
