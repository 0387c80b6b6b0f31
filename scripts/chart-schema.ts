import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { settingsSchema } from '../agent/src/config/values-schema.ts';

/** JSON Schema of the chart's values: what Kubernetes defines is left to it, everything else is closed. */

type Schema = Readonly<Record<string, unknown>>;
type Properties = Readonly<Record<string, Schema>>;
type Values = Readonly<Record<string, unknown>>;

const VALUES = new URL('../deploy/chart/values.yaml', import.meta.url);

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const anything: Schema = { type: 'object' };
const list: Schema = { type: 'array', items: anything };
const textMap: Schema = { type: 'object', additionalProperties: text };
const namespaces: Schema = {
  type: 'array',
  items: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$' },
};
const oneOf = (...words: readonly unknown[]): Schema => ({ enum: words });
const path: Schema = { type: 'string', pattern: '^/.' };
const integer = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const closed = (properties: Properties): Schema => ({
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

/** For `<name>-agents` is a Service, whose name begins with a letter. */
const NAME = '^$|^[a-z]([-a-z0-9]*[a-z0-9])?$';

export function chartSchema(): object {
  const values = parse(readFileSync(VALUES, 'utf8')) as Values;
  return {
    $schema: 'https://json-schema.org/draft-07/schema#',
    title: 'Values of the chart eastwall',
    $comment:
      'Generated from agent/src/config/table.ts and scripts/chart-schema.ts by scripts/generate-settings.ts; do not edit.',
    ...withRequired(values, {
      global: anything,
      image: closed({
        repository: text,
        tag: text,
        digest: { type: 'string', pattern: '^$|^sha256:[0-9a-f]{64}$' },
        pullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
      }),
      imagePullSecrets: { type: 'array', items: closed({ name: text }) },
      fullnameOverride: { type: 'string', pattern: NAME },
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

/**
 * A key without a value in a values file takes the chart's own value away, and templates would stumble over what is not
 * there any more. So what has a value must keep one, and whoever takes it is told where; only what is empty by itself, or
 * a list or a map, may be left empty.
 */
function withRequired(values: Values, properties: Properties): Schema {
  const entries = Object.entries(properties).map(([name, schema]): [string, Schema] => {
    const inner = innerOf(schema);
    return [name, inner === null ? schema : withRequired(values[name] as Values, inner)];
  });
  const required = Object.keys(properties).filter((name) => mustStay(properties[name] ?? {}, values[name]));
  return { ...closed(Object.fromEntries(entries)), ...(required.length > 0 ? { required } : {}) };
}

/** Settings have their own defaults, in the agent. */
const innerOf = ({ type, properties, description }: Schema): Properties | null =>
  type === 'object' && properties !== undefined && description === undefined
    ? (properties as Properties)
    : null;

const mustStay = (schema: Schema, value: unknown): boolean =>
  innerOf(schema) !== null || (typeof value !== 'object' && value !== undefined && value !== '');

export const chartSchemaText = (): string => `${JSON.stringify(chartSchema(), null, 2)}\n`;
