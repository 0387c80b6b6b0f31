import type { Shape } from './parsers.ts';
import { flagOf, SETTING_NAMES, SETTINGS, type SettingName } from './table.ts';

/** What the chart gives the agent itself, from values that have a meaning for more than the agent. */
const OF_THE_CHART: ReadonlySet<SettingName> = new Set([
  'node',
  'netnsDir',
  'runDir',
  'kubeconfig',
  'excludedNamespaces',
  'metricsAddress',
  'metricsTokenFile',
  'store',
  'storeUser',
  'storePasswordFile',
  'storeCaFile',
  'storeSecretFile',
  'releaseMark',
  'startupTaint',
  'spoolDir',
]);

export const CHART_SETTINGS: readonly SettingName[] = SETTING_NAMES.filter((name) => !OF_THE_CHART.has(name));

/** `headTimeoutMs` → `headTimeout`, of which the chart makes `EASTWALL_HEAD_TIMEOUT`. */
export const valueName = (name: SettingName): string => name.replace(/Ms$/, '');

/** JSON Schema of `settings` in the chart's values, from the table of settings alone. */
export function settingsSchema(): object {
  return {
    type: 'object',
    description:
      'Settings of the agent by their flags’ names; what is not given has the agent’s own default.',
    additionalProperties: false,
    properties: Object.fromEntries(CHART_SETTINGS.map((name) => [valueName(name), settingSchema(name)])),
  };
}

function settingSchema(name: SettingName): object {
  const { doc, fallback, parse } = SETTINGS[name];
  return {
    description: `${doc} (\`--${flagOf(name)}\`, default ${fallback === '' ? 'empty' : `\`${fallback}\``})`,
    ...shapeSchema(parse.takes),
  };
}

/** As a word of YAML 1.1, `off` is a boolean. */
const LISTEN_ADDRESS = {
  anyOf: [{ enum: ['off', false] }, { type: 'string', pattern: '^(\\[[0-9a-fA-F:.]+\\]|[^:]+):[0-9]{1,5}$' }],
};
const YAML_BOOLEANS: ReadonlySet<string> = new Set(['on', 'off']);

/** What is written without quotes in YAML is a number; the agent is given text either way. */
function shapeSchema(shape: Shape | undefined): object {
  switch (shape?.kind) {
    case 'duration':
      return { type: 'string', pattern: '^[0-9]{1,9}(ms|s|m|h)$' };
    case 'size':
      return { type: ['string', 'integer'], pattern: '^[0-9]{1,12}(B|KiB|MiB|GiB|)$' };
    case 'listen-address':
      return LISTEN_ADDRESS;
    case 'integer':
      return { type: 'integer', minimum: shape.min, maximum: shape.max };
    case 'word':
      // Without quotes, `on` and `off` are booleans in YAML 1.1, which Helm reads.
      return {
        enum: shape.words.flatMap((word) => [word, ...(YAML_BOOLEANS.has(word) ? [word === 'on'] : [])]),
      };
    case 'or-auto':
      return { anyOf: [{ const: 'auto' }, shapeSchema(shape.or)] };
    case undefined:
      return { type: 'string' };
  }
}
