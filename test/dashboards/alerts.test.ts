import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { ALERT_CASES, type SeriesByName } from './alert-cases.ts';

const RULES = join(import.meta.dirname, '../../deploy/chart/files/alerts.yaml');

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[];
}
const alerts = (parse(readFileSync(RULES, 'utf8')) as Rules).groups.flatMap(({ rules }) =>
  rules.map(({ alert }) => alert),
);

const folder = mkdtempSync(join(tmpdir(), 'eastwall-alerts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const promtool = async (...args: string[]) => {
  const { stdout, stderr } = await promisify(execFile)('promtool', args).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return stdout + stderr;
};

/** A unit test of promtool's: how many of this alert fire at that time. */
const unitTest = (alert: string, series: SeriesByName, { at, firing }: { at: number; firing: boolean }) => ({
  name: `${alert} ${firing ? 'fires' : 'is quiet'}`,
  interval: '1m',
  input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
  promql_expr_test: [
    {
      expr: `count(ALERTS{alertname="${alert}",alertstate="firing"})`,
      eval_time: `${at}m`,
      exp_samples: firing ? [{ labels: '{}', value: 1 }] : [],
    },
  ],
});

describe('the alert rules', () => {
  it('are rules for promtool', async () => {
    expect(await promtool('check', 'rules', RULES)).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  it('each have a case', () => {
    expect(Object.keys(ALERT_CASES).sort()).toEqual([...alerts].sort());
  });

  it('fire when they should, and not when they should not', async () => {
    const tests = Object.entries(ALERT_CASES).flatMap(([alert, { fires, quiet, atMinutes: at }]) => [
      unitTest(alert, fires, { at, firing: true }),
      unitTest(alert, quiet, { at, firing: false }),
    ]);
    const file = join(folder, 'tests.yaml');
    writeFileSync(file, stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
    const output = await promtool('test', 'rules', file);
    expect(output).toMatch(/SUCCESS\s*$/);
  });
});
