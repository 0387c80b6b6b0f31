import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiPolicyCrd } from '@eastwall/policy';
import { describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { formatProblem, load } from '../../agent/src/config/load.ts';
import { SETTING_NAMES, SETTINGS, variableOf } from '../../agent/src/config/table.ts';
import { CHART_SETTINGS } from '../../agent/src/config/values-schema.ts';
import { NEEDED_CAPABILITIES } from '../../agent/src/preflight/privileges.ts';
import { BUILTIN_RESOURCES } from '../../agent/src/sandbox/kube-api/builtin-resources.ts';
import type { ObjectInput } from '../../agent/src/sandbox/kube-api/object.ts';
import { builtinSchema } from '../../agent/src/sandbox/kube-api/schema/builtin.ts';
import { pruneObject } from '../../agent/src/sandbox/kube-api/schema/prune.ts';
import { validate } from '../../agent/src/sandbox/kube-api/schema/validate.ts';
import { CHART, find, helm, NAMESPACE, render, renderChart, type Values } from './helm.ts';
import { MATRIX } from './matrix.ts';
import { MONITORING, schemaProblems } from './openapi.ts';

interface Env {
  readonly name: string;
  readonly value?: string;
}

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: readonly Env[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: {
    readonly privileged?: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly add?: readonly string[]; readonly drop: readonly string[] };
    readonly seccompProfile?: { readonly type: string };
  };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes: readonly { readonly name: string; readonly secret?: { readonly secretName: string } }[];
}

// The objects are foreign data, read by the shapes that the schema check above them vouches for.
const podOf = (objects: readonly ObjectInput[]): PodSpec =>
  (find(objects, 'DaemonSet')['spec'] as { template: { spec: PodSpec } }).template.spec;

function agentOf(objects: readonly ObjectInput[]): Container {
  const [agent] = podOf(objects).containers;
  if (agent === undefined) throw new Error('the DaemonSet has no container');
  return agent;
}

/** As the kubelet would set it; what comes from the pod's own fields has a name that a node may have. */
const environment = (container: Container): Record<string, string> =>
  Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? 'node-a']));

const KNOWN = new Set(BUILTIN_RESOURCES.map(({ kind }) => kind));

/** What the API server would refuse, or drop. */
function problemsOf(object: ObjectInput): string[] {
  if (!KNOWN.has(object.kind)) return [`${object.kind} is not known`];
  const schema = builtinSchema(object.kind);
  const { unknown } = pruneObject(schema, object);
  const causes = validate(schema, object, '').map(({ field, message }) => `${field}: ${message}`);
  return [...unknown, ...causes].map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`);
}

const VARIABLES = new Set(SETTING_NAMES.map(variableOf));

describe.each(Object.entries(MATRIX))('the chart with %s', (_, values) => {
  const objects = render(values);
  const agent = agentOf(objects);
  const loaded = load({ flags: {}, env: environment(agent), machine: { hostname: 'x', cores: 4 } });

  it('passes helm lint', () => {
    expect(helm(['lint', CHART, '--strict'], values)).toContain('0 chart(s) failed');
  });

  it('renders objects that Kubernetes knows', () => {
    const builtin = objects.filter(({ apiVersion }) => apiVersion !== MONITORING);
    expect(builtin.flatMap(problemsOf)).toEqual([]);
  });

  it('renders objects that their published schemas allow', async () => {
    expect((await Promise.all(objects.map(schemaProblems))).flat()).toEqual([]);
  });

  it('gives the agent settings that it takes', () => {
    expect(loaded.ok ? [] : loaded.error.map(formatProblem)).toEqual([]);
    const unknown = agent.env.filter(({ name }) => name.startsWith('EASTWALL_') && !VARIABLES.has(name));
    expect(unknown).toEqual([]);
  });

  it('waits for the agent to drain', () => {
    const drainMs = loaded.ok ? loaded.value.drainMs : Number.NaN;
    // Beyond its drain the agent gives itself 15 s.
    expect(podOf(objects).terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(drainMs + 20_000);
  });

  it('mounts what it names, and names what it mounts', () => {
    const pod = podOf(objects);
    const volumes = pod.volumes.map(({ name }) => name);
    for (const { volumeMounts, env } of [...pod.containers, ...(pod.initContainers ?? [])]) {
      expect(volumeMounts.map(({ name }) => name).sort()).toEqual([...volumes].sort());
      const files = env.flatMap(({ name, value = '' }) =>
        name.endsWith('_FILE') && value !== '' ? [value] : [],
      );
      const lost = files.filter(
        (file) => !volumeMounts.some(({ mountPath }) => file.startsWith(`${mountPath}/`)),
      );
      expect(lost).toEqual([]);
    }
  });
});

describe('the DaemonSet', () => {
  const objects = render();
  const pod = podOf(objects);

  it('has the privileges that preflight looks for, and no other', () => {
    expect(NEEDED_CAPABILITIES).toHaveLength(6);
    for (const { securityContext } of [...pod.containers, ...(pod.initContainers ?? [])]) {
      expect(securityContext).toMatchObject({
        privileged: false,
        readOnlyRootFilesystem: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      expect(securityContext.capabilities).toEqual({
        drop: ['ALL'],
        add: NEEDED_CAPABILITIES.map(({ name }) => name),
      });
    }
    expect(pod).toMatchObject({ hostNetwork: false, hostPID: false, hostIPC: false });
  });

  it('gets NET_RAW for iptables of old only', () => {
    const { capabilities } = agentOf(render({ security: { legacyIptables: true } })).securityContext;
    expect(capabilities.add).toContain('NET_RAW');
  });

  it('shows the agent what the runtime mounts later', () => {
    expect(agentOf(objects).volumeMounts).toContainEqual({
      name: 'netns',
      mountPath: '/run/netns',
      readOnly: true,
      mountPropagation: 'HostToContainer',
    });
    expect(pod.volumes).toContainEqual({
      name: 'netns',
      hostPath: { path: '/run/netns', type: 'DirectoryOrCreate' },
    });
  });

  it('has no place that a dataplane could write to', () => {
    expect(pod.volumes.map((volume) => Object.keys(volume).filter((key) => key !== 'name'))).toEqual([
      ['hostPath'],
      ['hostPath'],
      ['secret'],
      ['secret'],
    ]);
  });

  it('is replaced by its successor, never by nothing', () => {
    expect(find(objects, 'DaemonSet')['spec']).toMatchObject({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    });
  });

  it('leaves kube-system and itself alone', () => {
    expect(environment(agentOf(objects))['EASTWALL_EXCLUDED_NAMESPACES']).toBe(`kube-system,${NAMESPACE}`);
    const given = render({ excludedNamespaces: [NAMESPACE, 'other'] });
    expect(environment(agentOf(given))['EASTWALL_EXCLUDED_NAMESPACES']).toBe(`${NAMESPACE},other`);
  });

  it('hands every setting on by its own name', () => {
    const all = environment(agentOf(render(MATRIX['every setting'])));
    for (const name of CHART_SETTINGS) expect(all).toHaveProperty(variableOf(name), SETTINGS[name].fallback);
    const odd = environment(
      agentOf(render(MATRIX['settings that numbers and booleans of YAML would garble'])),
    );
    expect(odd).toMatchObject({
      EASTWALL_MAX_CONNECTIONS: '1000000',
      EASTWALL_NODE_PORTS: 'off',
      EASTWALL_PACKET_GUARD: 'off',
      EASTWALL_DATAPLANES: '4',
    });
  });

  it.each<[string, unknown, number | undefined]>([
    ['as the agent has it by itself', undefined, 9_465],
    ['as it is set', '127.0.0.1:19465', 19_465],
    ['of IPv6', '[::1]:19465', 19_465],
    ['not at all', 'off', undefined],
  ])('names the port by which the command line comes, %s', (_, adminAddress, port) => {
    const { ports } = agentOf(render({ settings: adminAddress === undefined ? {} : { adminAddress } }));
    expect(ports.find(({ name }) => name === 'admin')?.containerPort).toBe(port);
  });

  it.each([
    ['5m', 330],
    ['90s', 120],
    ['1h', 3_630],
    ['1500ms', 32],
    ['0s', 30],
  ])('waits for a drain of %s', (drain, seconds) => {
    expect(podOf(render({ settings: { drain } })).terminationGracePeriodSeconds).toBe(seconds);
  });
});

describe('the check by published schemas', () => {
  it('finds what is missing and what is of a wrong type', async () => {
    const set = find(render(), 'DaemonSet');
    const spec = set['spec'] as { readonly template: object };
    expect(await schemaProblems({ ...set, spec: { ...spec, selector: undefined } })).toEqual([
      expect.stringContaining('DaemonSet eastwall: data/spec must have required property selector'),
    ]);
    expect(await schemaProblems({ ...set, spec: { ...spec, minReadySeconds: 'soon' } })).toHaveLength(1);
    const rule = { ...set, apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule' };
    expect(await schemaProblems({ ...rule, spec: { groups: [{}] } })).toHaveLength(1);
  });
});

describe('the chart', () => {
  it.each<[string, Values]>([
    ['a typo', { setings: {} }],
    ['a setting that there is none of', { settings: { drian: '5m' } }],
    ['a setting that the chart makes itself', { settings: { store: 'redis://x' } }],
    ['a setting that the agent would refuse', { settings: { headTimeout: '30' } }],
    ['an address without a port', { settings: { adminAddress: '127.0.0.1' } }],
    ['a number that the agent would refuse', { settings: { maxTails: 0 } }],
    ['credentials in an address', { redis: { mode: 'external', external: { url: 'redis://me:pw@host' } } }],
    ['no address where one is needed', { redis: { mode: 'external' } }],
    ['a digest that is none', { image: { digest: 'latest' } }],
    ['a key without the value that it has to have', { image: { repository: null } }],
    ['a part without anything in it', { redis: null }],
    ['names of Secrets where objects belong', { imagePullSecrets: ['registry'] }],
    ['a name that no object may have', { fullnameOverride: 'East_Wall' }],
    ['a quota for no priority', { resourceQuota: { enabled: true }, priorityClassName: '' }],
  ])('refuses %s', (_, values) => {
    expect(() => render(values)).toThrow(/values don't meet|is needed|there is none/);
  });

  it.each<[string, Values, string]>([
    [
      'a file of a Secret that is not mounted',
      { webhookTokenFile: '/etc/eastwall/events/token' },
      'settings.webhookTokenFile: events.existingSecret has to name the Secret',
    ],
    [
      'an event file where nothing can be written',
      { eventFile: '/var/log/eastwall.jsonl' },
      'settings.eventFile: only what is below /var/lib/eastwall',
    ],
    ['a directory where nothing can be written', { learnedDir: '/srv' }, 'settings.learnedDir: only what is'],
  ])('refuses %s', (_, settings, message) => {
    expect(() => render({ settings })).toThrow(message);
  });

  it('has a directory of the node for whatever is kept in it', () => {
    const mounts = (settings: Values) =>
      agentOf(render({ settings })).volumeMounts.filter(({ mountPath }) => mountPath === '/var/lib/eastwall');
    expect(mounts({})).toEqual([]);
    expect(mounts({ learnedDir: 'auto' })).toEqual([]);
    expect(mounts({ learnedDir: '' })).toEqual([]);
    expect(mounts({ learnedDir: '/var/lib/eastwall' })).toHaveLength(1);
    expect(mounts({ eventFile: '/var/lib/eastwall/events.jsonl' })).toHaveLength(1);
  });

  it('says where a value is missing', () => {
    expect(() => render({ metrics: { port: null } })).toThrow('metrics: port is required');
  });

  it('refuses admission policies where there are none', () => {
    const old = ['--kube-version', '1.29.0'];
    expect(() => render({ admission: { enabled: true } }, old)).toThrow('needs Kubernetes 1.30');
  });

  it('brings the CRDs that the agent is made for, and keeps them', () => {
    const crd = find(render(), 'CustomResourceDefinition', 'apipolicies.eastwall.dev');
    const { annotations, ...metadata } = crd.metadata;
    expect(annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    expect({ ...crd, metadata }).toEqual(apiPolicyCrd());
  });

  it('tells agents that it is uninstalled before it deletes anything, and waits for them', () => {
    const objects = render();
    const marks = objects.filter(({ metadata }) => metadata.name === 'eastwall-release');
    expect(
      marks.map(({ kind, metadata, data }) => [kind, metadata.annotations?.['helm.sh/hook'], data]),
    ).toEqual([
      ['ConfigMap', undefined, { state: 'installed' }],
      ['ConfigMap', 'pre-delete', { state: 'leaving' }],
    ]);
    expect(environment(agentOf(objects))['EASTWALL_RELEASE_MARK']).toBe(`${NAMESPACE}/eastwall-release`);
    const job = find(objects, 'Job')['spec'] as { activeDeadlineSeconds: number };
    // Short of the five minutes that Helm waits for a hook.
    expect(job.activeDeadlineSeconds).toBe(240);
    expect(render({ uninstall: { wait: false } }).map(({ kind }) => kind)).not.toContain('Job');
  });

  it('has what tests it, and what waits for its end, run wherever its agents may', () => {
    const tolerations = [{ key: 'dedicated', operator: 'Exists' }];
    const objects = render({ tolerations });
    const pods = [
      find(objects, 'Pod')['spec'],
      (find(objects, 'Job')['spec'] as { template: { spec: object } }).template.spec,
    ];
    for (const pod of pods)
      expect(pod).toMatchObject({ tolerations, nodeSelector: { 'kubernetes.io/os': 'linux' } });
  });

  it('brings dashboards and alerts as others look for them', () => {
    const copy = mkdtempSync(join(tmpdir(), 'eastwall-chart-'));
    onTestFinished(() => rmSync(copy, { recursive: true }));
    cpSync(CHART, copy, { recursive: true });
    // What Grafana and Prometheus write in braces is not for Helm.
    const dashboard = '{ "title": "A", "legend": "{{ verdict }}" }\n';
    const groups = [
      { name: 'a', rules: [{ alert: 'B', expr: 'up == 0', annotations: { s: '{{ $value }}' } }] },
    ];
    rmSync(join(copy, 'files/dashboards'), { recursive: true, force: true });
    mkdirSync(join(copy, 'files/dashboards'));
    writeFileSync(join(copy, 'files/dashboards/over-view.json'), dashboard);
    writeFileSync(join(copy, 'files/alerts.yaml'), stringify({ groups }));
    const rendered = (values: Values, ...args: readonly string[]) => renderChart(copy, values, args);
    const map = find(rendered({}), 'ConfigMap', 'eastwall-dashboard-over-view');
    expect(map.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
    expect(map['data']).toEqual({ 'eastwall-over-view.json': dashboard });
    const operator = ['--api-versions', 'monitoring.coreos.com/v1/PrometheusRule'];
    expect(find(rendered({}, ...operator), 'PrometheusRule')['spec']).toEqual({ groups });
    expect(rendered({}).map(({ kind }) => kind)).not.toContain('PrometheusRule');
    const off = rendered({ alerts: { enabled: false }, dashboards: { enabled: false } }, ...operator);
    expect(
      off.filter(({ kind, metadata }) => kind === 'PrometheusRule' || metadata.name?.includes('-dashboard-')),
    ).toEqual([]);
  });

  it('monitors where the cluster knows how', () => {
    const operator = ['PodMonitor', 'ServiceMonitor'].flatMap((kind) => [
      '--api-versions',
      `${MONITORING}/${kind}`,
    ]);
    const monitors = (metrics: Values, args = operator) =>
      render({ metrics }, args)
        .map(({ kind }) => kind)
        .filter((kind) => kind.endsWith('Monitor'));
    expect(monitors({}, [])).toEqual([]);
    expect(monitors({})).toEqual(['PodMonitor']);
    expect(monitors({ serviceMonitor: { enabled: 'auto' } }, [])).toEqual([]);
    expect(monitors({ serviceMonitor: { enabled: 'auto' } })).toEqual(['ServiceMonitor']);
    const both = { podMonitor: { enabled: true }, serviceMonitor: { enabled: true } };
    expect(() => monitors(both)).toThrow('would scrape every agent twice');
  });

  it('has a Service for its ServiceMonitor, which asks it for what the PodMonitor asks pods for', () => {
    const objects = render({ metrics: { serviceMonitor: { enabled: true } } });
    const { selector, endpoints } = find(objects, 'ServiceMonitor')['spec'] as {
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
      readonly endpoints: readonly object[];
    };
    const chosen = objects.filter(
      ({ kind, metadata }) =>
        kind === 'Service' &&
        Object.entries(selector.matchLabels).every(([name, value]) => metadata.labels?.[name] === value),
    );
    expect(chosen).toMatchObject([{ spec: { clusterIP: 'None', ports: [{ name: 'metrics' }] } }]);
    const pods = find(render({ metrics: { podMonitor: { enabled: true } } }), 'PodMonitor')['spec'];
    expect(endpoints).toEqual((pods as { readonly podMetricsEndpoints: object }).podMetricsEndpoints);
  });

  it('shows nothing secret but in Secrets', () => {
    const rendered = render();
    const secrets = rendered.filter(({ kind }) => kind === 'Secret');
    const rest = JSON.stringify(rendered.filter(({ kind }) => kind !== 'Secret'));
    const values = secrets.flatMap((secret) => Object.values(secret['stringData'] as Record<string, string>));
    expect(values.length).toBeGreaterThan(1);
    for (const value of values) expect(rest).not.toContain(value);
  });
});
