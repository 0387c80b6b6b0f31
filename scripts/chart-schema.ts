import { settingsSchema } from '../agent/src/config/values-schema.ts';

/** JSON Schema of the chart's values: what Kubernetes defines is left to it, everything else is closed. */

type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const anything: Schema = { type: 'object' };
const list: Schema = { type: 'array' };
const textMap: Schema = { type: 'object', additionalProperties: text };
const namespaces: Schema = {
  type: 'array',
  items: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' },
};
const oneOf = (...words: readonly unknown[]): Schema => ({ enum: words });
const path: Schema = { type: 'string', pattern: '^/.' };
const integer = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const closed = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  additionalProperties: false,
  properties,
});

const EMBEDDED_REDIS = closed({
  image: text,
  existingSecret: text,
  persistence: closed({ enabled: flag, size: text, storageClassName: text }),
  maxMemory: { type: 'string', pattern: '^[0-9]+(kb|mb|gb)$' },
  resources: anything,
  nodeSelector: textMap,
  tolerations: list,
});

const MONITOR = closed({ enabled: oneOf('auto', true, false), interval: text, labels: textMap });

/** The forms that the agent reads; credentials in it would be for everybody to see. */
const STORE_URL = '^$|^rediss?(-sentinel|-cluster)?://[^@]+$';

const EXTERNAL_REDIS = closed({
  url: { type: 'string', pattern: STORE_URL },
  user: text,
  existingSecret: text,
  passwordKey: text,
  caKey: text,
  secretKey: text,
});

export function chartSchema(): object {
  return {
    $schema: 'https://json-schema.org/draft-07/schema#',
    title: 'Values of the chart eastwall',
    $comment:
      'Generated from agent/src/config/table.ts and scripts/chart-schema.ts by scripts/generate-settings.ts; do not edit.',
    ...closed({
      global: anything,
      image: closed({
        repository: text,
        tag: text,
        digest: { type: 'string', pattern: '^$|^sha256:[0-9a-f]{64}$' },
        pullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
      }),
      imagePullSecrets: list,
      fullnameOverride: text,
      excludedNamespaces: namespaces,
      settings: settingsSchema() as Schema,
      netnsDir: path,
      runDir: path,
      preflight: closed({ enabled: flag }),
      resources: anything,
      priorityClassName: text,
      tolerations: list,
      nodeSelector: textMap,
      affinity: anything,
      podAnnotations: textMap,
      podLabels: textMap,
      extraEnv: list,
      resourceQuota: closed({ enabled: flag, pods: integer(1, 1_000_000) }),
      security: closed({
        appArmorProfile: oneOf('', 'RuntimeDefault', 'Unconfined'),
        seLinuxOptions: anything,
        legacyIptables: flag,
      }),
      serviceAccount: closed({ name: text, create: flag, annotations: textMap }),
      rbac: closed({ create: flag }),
      crds: closed({ install: flag, keep: flag }),
      redis: closed({
        mode: oneOf('embedded', 'external', 'none'),
        prefix: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
        embedded: EMBEDDED_REDIS,
        external: EXTERNAL_REDIS,
      }),
      metrics: closed({
        port: integer(1, 65_535),
        existingSecret: text,
        podMonitor: MONITOR,
        serviceMonitor: MONITOR,
      }),
      dashboards: closed({ enabled: flag, namespace: text, labels: textMap, annotations: textMap }),
      alerts: closed({ enabled: oneOf('auto', true, false), labels: textMap }),
      uninstall: closed({ wait: flag }),
      startupTaint: closed({
        enabled: flag,
        key: { type: 'string', pattern: '^([a-z0-9][-a-z0-9.]*/)?[A-Za-z0-9][-A-Za-z0-9_.]{0,62}$' },
      }),
      events: closed({ existingSecret: text, directory: path }),
      networkPolicy: closed({ enabled: flag, metricsFrom: list }),
      admission: closed({ enabled: flag, action: oneOf('Warn', 'Deny'), excludedNamespaces: namespaces }),
    }),
  };
}

export const chartSchemaText = (): string => `${JSON.stringify(chartSchema(), null, 2)}\n`;
