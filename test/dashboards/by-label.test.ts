import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';

const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
const [, expr = ''] = /```promql\n(.*?)```/s.exec(page) ?? [];

const exchanges = (labels: string) => ({
  series: `eastwall_exchanges_total{caller_namespace="shop",${labels}}`,
  values: '0+60x20',
});
const deployment = (name: string, team: string, exporter = 'a') => ({
  series: `kube_deployment_labels{namespace="shop",deployment="${name}",label_team="${team}",instance="${exporter}"}`,
  values: '1x20',
});

it('the query of the documentation counts exchanges by a label of their callers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'eastwall-by-label-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'tests.yaml');
  const test = {
    interval: '1m',
    input_series: [
      exchanges('caller_workload="web",verdict="allow",node="a"'),
      exchanges('caller_workload="web",verdict="allow",node="b"'),
      exchanges('caller_workload="batch",verdict="deny",node="a"'),
      exchanges('caller_workload="somebody",verdict="allow",node="a"'),
      deployment('web', 'front'),
      deployment('batch', 'data'),
      // Two replicas of the exporter.
      deployment('web', 'front', 'b'),
    ],
    promql_expr_test: [
      {
        expr,
        eval_time: '10m',
        exp_samples: [
          { labels: '{label_team="front",verdict="allow"}', value: 2 },
          { labels: '{label_team="data",verdict="deny"}', value: 1 },
        ],
      },
    ],
  };
  writeFileSync(file, stringify({ tests: [test] }));
  expect(execFileSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })).toMatch(/SUCCESS\s*$/);
});
