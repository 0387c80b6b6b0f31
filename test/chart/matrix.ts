import { SETTINGS } from '../../agent/src/config/table.ts';
import { CHART_SETTINGS, valueName } from '../../agent/src/config/values-schema.ts';
import type { Values } from './helm.ts';

/** As a user may write it in YAML: numbers and `on` without quotes. */
function written(text: string): unknown {
  if (/^\d+$/.test(text)) return Number(text);
  return text === 'on' ? true : text === 'off' ? false : text;
}

/** What people install with, each for a part of the templates that the others don't reach. */
export const MATRIX: Readonly<Record<string, Values>> = {
  'nothing given': {},
  'every setting': {
    settings: Object.fromEntries(
      CHART_SETTINGS.map((name) => [valueName(name), written(SETTINGS[name].fallback)]),
    ),
  },
  'settings that numbers and booleans of YAML would garble': {
    settings: {
      maxConnections: 1_000_000,
      nodePorts: false,
      packetGuard: 'off',
      drain: '90s',
      dataplanes: 4,
    },
  },
  'no store': { redis: { mode: 'none' } },
  'a Redis that persists': {
    redis: {
      embedded: {
        persistence: { enabled: true, storageClassName: 'fast' },
        tolerations: [{ operator: 'Exists' }],
      },
    },
  },
  'a Secret of the user for the embedded Redis': {
    redis: { embedded: { existingSecret: 'mine' } },
    metrics: { existingSecret: 'mine-too' },
  },
  'Redis elsewhere': { redis: { mode: 'external', external: { url: 'redis://redis.data:6379/3' } } },
  'sentinels with TLS': {
    redis: {
      mode: 'external',
      prefix: 'prod',
      external: {
        url: 'rediss-sentinel://a.data:26379,b.data:26379/main',
        user: 'eastwall',
        existingSecret: 'redis',
        caKey: 'ca.crt',
        secretKey: 'names',
      },
    },
  },
  'a cluster of Redis': {
    redis: {
      mode: 'external',
      external: {
        url: 'redis-cluster://a.data:6379,[2001:db8::1]:6379',
        existingSecret: 'redis',
        passwordKey: '',
      },
    },
  },
  'events that leave the node': {
    settings: {
      eventFormat: 'ocsf',
      eventFile: '/var/lib/eastwall/events.jsonl',
      webhookUrl: 'https://siem.example/in',
      webhookTokenFile: '/etc/eastwall/events/token',
      webhookCaFile: '/etc/eastwall/events/ca.crt',
      exportGzip: true,
    },
    events: { existingSecret: 'siem', directory: '/var/lib/elsewhere' },
  },
  'a Prometheus that looks for Services, and another port for the command line': {
    settings: { adminAddress: '[::1]:19465' },
    metrics: { podMonitor: { enabled: false }, serviceMonitor: { enabled: true, labels: { team: 'infra' } } },
  },
  'all options on': {
    image: { digest: `sha256:${'a'.repeat(64)}` },
    imagePullSecrets: [{ name: 'registry' }],
    fullnameOverride: 'watcher',
    excludedNamespaces: ['kube-system', 'calico-system'],
    netnsDir: '/var/run/docker/netns',
    security: {
      appArmorProfile: 'Unconfined',
      seLinuxOptions: { type: 'spc_t' },
      legacyIptables: true,
    },
    podAnnotations: { a: 'b' },
    podLabels: { c: 'd' },
    affinity: { nodeAffinity: {} },
    extraEnv: [{ name: 'HTTPS_PROXY', value: 'http://proxy:3128' }],
    resourceQuota: { enabled: true },
    metrics: { podMonitor: { enabled: true, labels: { release: 'prometheus' } } },
    dashboards: { namespace: 'monitoring', annotations: { grafana_folder: 'Eastwall' } },
    alerts: { enabled: true, labels: { release: 'prometheus' } },
    startupTaint: { enabled: true, key: 'example.com/not-ready' },
    admission: { enabled: true, action: 'Deny', excludedNamespaces: ['storage'] },
  },
  'keys under which nothing is left': {
    settings: null,
    imagePullSecrets: null,
    excludedNamespaces: null,
    tolerations: null,
    nodeSelector: null,
    affinity: null,
    podLabels: null,
    podAnnotations: null,
    extraEnv: null,
    resources: null,
    security: { appArmorProfile: null, seLinuxOptions: null },
    dashboards: { labels: null, annotations: null, namespace: null },
    networkPolicy: { metricsFrom: null },
    redis: { embedded: { resources: null, nodeSelector: null, tolerations: null } },
  },
  'no scrapes': { networkPolicy: { metricsFrom: [] } },
  'all options off': {
    preflight: { enabled: false },
    priorityClassName: '',
    tolerations: [],
    serviceAccount: { create: false, name: 'mine' },
    rbac: { create: false },
    crds: { install: false },
    redis: { mode: 'none' },
    metrics: { podMonitor: { enabled: false } },
    dashboards: { enabled: false },
    alerts: { enabled: false },
    uninstall: { wait: false },
    networkPolicy: { enabled: false },
  },
};
