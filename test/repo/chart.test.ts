import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { chartSchemaText } from '../../scripts/chart-schema.ts';
import { ROOT } from './imports.ts';

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const chart = parse(textOf('deploy/chart/Chart.yaml')) as {
  readonly version: string;
  readonly appVersion: string;
};

describe('the chart', () => {
  it('has the schema that `node scripts/generate-settings.ts` writes', () => {
    expect(textOf('deploy/chart/values.schema.json')).toBe(chartSchemaText());
  });

  it('is of the version of the agent', () => {
    const { version } = JSON.parse(textOf('agent/package.json')) as { readonly version: string };
    expect([String(chart.version), String(chart.appVersion)]).toEqual([version, version]);
  });
});
