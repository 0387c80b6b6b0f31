import { describe, expect, it } from 'vitest';
import { kubeEvent } from '../../agent/src/events/kube-event.ts';
import { systemClock } from '../../agent/src/kernel/clock.ts';
import type { KubeClient } from '../../agent/src/kube/client.ts';
import { ClusterWatch } from '../../agent/src/kube/cluster-watch.ts';
import { API_POLICIES, EGRESS_POLICIES, GUARD_PROFILES, pathOf } from '../../agent/src/kube/policies.ts';
import { WATCH_DEFAULTS } from '../../agent/src/kube/watch.ts';
import { aFinding } from '../../agent/testing/findings.ts';
import { find, NAMESPACE, render, type Values } from './helm.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** `verb group/resource`, of everything that the chart's role for the whole cluster allows. */
function granted(values: Values = {}): string[] {
  const rules = find(render(values), 'ClusterRole', 'eastwall')['rules'] as readonly Rule[];
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
    ),
  );
}

/** What the agent's own watches ask for: they are made as the agent makes them, and never started. */
function watched(nodePorts: boolean): string[] {
  const never = { message: () => {}, pods: () => {}, namespaces: () => {}, serviceLabels: () => {} };
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const watch = new ClusterWatch({
    context: { client: {} as KubeClient, clock: systemClock, log, random: () => 0, settings: WATCH_DEFAULTS },
    node: 'node-a',
    nodePorts,
    listener: never,
  });
  return watch.status().watches.map(({ path }) => resourceOf(path));
}

/** `/api/v1/pods`, `/apis/discovery.k8s.io/v1/endpointslices` */
function resourceOf(path: string): string {
  const [, prefix, ...rest] = path.split('/');
  const [group = '', , resource = ''] = prefix === 'api' ? ['', ...rest] : rest;
  return `${group}/${resource}`;
}

/** The kinds whose status the agent writes. */
const STATUSES = [API_POLICIES, EGRESS_POLICIES, GUARD_PROFILES].map(({ names }) =>
  resourceOf(pathOf(names)),
);

const needed = (nodePorts: boolean): string[] => [
  ...watched(nodePorts).flatMap((resource) => [`list ${resource}`, `watch ${resource}`]),
  ...STATUSES.map((resource) => `patch ${resource}/status`),
];

describe('the role of the agent', () => {
  it('allows what the agent asks for, and nothing else', () => {
    expect(watched(true)).toContain('/pods');
    expect(granted().sort()).toEqual(needed(true).sort());
  });

  it('has nothing to do with nodes where node ports are off', () => {
    expect(granted({ settings: { nodePorts: 'off' } }).sort()).toEqual(needed(false).sort());
  });

  it('may change nodes only where they have a startup taint', () => {
    const extra = ['get /nodes', 'patch /nodes'];
    const settings = { startupTaint: { enabled: true } };
    expect(granted(settings).sort()).toEqual([...needed(true), ...extra].sort());
    expect(granted({ ...settings, settings: { nodePorts: 'off' } }).sort()).toEqual(
      [...needed(false), ...extra].sort(),
    );
  });

  it('sees one ConfigMap of its own namespace, and no Secret', () => {
    const objects = render();
    const role = find(objects, 'Role');
    expect(role.metadata.namespace).toBe(NAMESPACE);
    const rules: readonly Rule[] = [
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: ['eastwall-release'],
        verbs: ['list', 'watch'],
      },
    ];
    expect(role['rules']).toEqual(rules);
    expect(find(objects, 'RoleBinding')['roleRef']).toMatchObject({ kind: 'Role', name: role.metadata.name });
    expect(JSON.stringify(objects)).not.toContain('"secrets"');
  });

  it('creates events where findings become some', () => {
    const create = [`create ${resourceOf(kubeEvent(aFinding(), '').path.replace('/namespaces/shop', ''))}`];
    for (const kubeEvents of ['on', true])
      expect(granted({ settings: { kubeEvents } }).sort()).toEqual([...needed(true), ...create].sort());
    expect(granted({ settings: { kubeEvents: 'off' } }).sort()).toEqual(needed(true).sort());
  });

  it('is for the account that the agent runs as', () => {
    const objects = render({ serviceAccount: { name: 'mine' } });
    expect(find(objects, 'ClusterRoleBinding')['subjects']).toEqual([
      { kind: 'ServiceAccount', name: 'mine', namespace: NAMESPACE },
    ]);
    expect(find(objects, 'ServiceAccount').metadata.name).toBe('mine');
    expect(find(objects, 'DaemonSet')['spec']).toMatchObject({
      template: { spec: { serviceAccountName: 'mine' } },
    });
  });
});

describe('the role of who looks', () => {
  it('finds agents and forwards ports, and no more', () => {
    const viewer = find(render(), 'ClusterRole', 'eastwall-viewer');
    expect(viewer['rules']).toEqual([
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
      { apiGroups: [''], resources: ['pods/portforward'], verbs: ['create', 'get'] },
    ]);
    expect(render().filter(({ kind, roleRef }) => kind.endsWith('Binding') && roleNamed(roleRef))).toEqual(
      [],
    );
  });
});

const roleNamed = (reference: unknown): boolean =>
  (reference as { readonly name: string }).name === 'eastwall-viewer';
