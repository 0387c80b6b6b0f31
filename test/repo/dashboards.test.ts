import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { allMetrics } from '../../agent/src/admin/metrics-reference.ts';
import { DASHBOARDS } from '../../deploy/dashboards/all.ts';
import { toDashboard } from '../../deploy/dashboards/dashboard.ts';
import { ROOT } from './imports.ts';

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const FOLDER = 'deploy/chart/files/dashboards';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}
const rules = (
  parse(textOf('deploy/chart/files/alerts.yaml')) as { groups: { rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);

/** Names of metrics in a query; Prometheus makes some itself. */
const metricsIn = (expr: string) => expr.match(/\b(eastwall|process)_[a-z_]+(?=[{[) ]|$)/g) ?? [];
const exposed = new Set(
  allMetrics().flatMap(({ name, type }) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
  ),
);
const unknownIn = (expr: string) => metricsIn(expr).filter((name) => !exposed.has(name));

describe('the dashboards', () => {
  it('are what `node scripts/generate-dashboards.ts` has written', () => {
    for (const draft of DASHBOARDS) {
      const json = `${JSON.stringify(toDashboard(draft), null, 2)}\n`;
      expect(textOf(`${FOLDER}/${draft.name}.json`)).toBe(json);
    }
    const files = globSync(`${FOLDER}/*.json`, { cwd: ROOT }).map((path) => basename(path, '.json'));
    expect(files.sort()).toEqual(DASHBOARDS.map(({ name }) => name).sort());
  });

  it.each(DASHBOARDS.map((draft) => [draft.name, draft] as const))(
    '%s asks only for metrics that there are, and explains itself',
    (_, draft) => {
      const drafts = draft.sections.flatMap(({ rows }) => rows.flat());
      const queries = drafts.flatMap(({ targets }) => targets.map(({ expr }) => expr));
      expect(queries.length).toBeGreaterThan(0);
      expect(queries.flatMap(unknownIn)).toEqual([]);
      expect(queries.filter((expr) => !expr.includes('node=~"$node"'))).toEqual([]);
      expect(drafts.filter(({ description }) => description.length < 10)).toEqual([]);
      expect(textOf(`${draft.docs === 'README.md' ? '' : 'docs/'}${draft.docs}`)).not.toBe('');
    },
  );

  it.each(DASHBOARDS.map((draft) => [draft.name, toDashboard(draft)] as const))(
    '%s has panels with ids of their own that fill their rows and do not overlap',
    (_, { panels = [], uid }) => {
      expect(uid).toMatch(/^[a-z-]{1,40}$/);
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const taken = new Set<string>();
      for (const { gridPos } of panels) {
        expect(gridPos).toBeDefined();
        const { x = 0, y = 0, w = 0, h = 0 } = gridPos ?? {};
        expect(x + w).toBeLessThanOrEqual(24);
        for (let column = x; column < x + w; column++)
          for (let line = y; line < y + h; line++) {
            expect(taken.has(`${column},${line}`)).toBe(false);
            taken.add(`${column},${line}`);
          }
      }
    },
  );
});

describe('the alerts', () => {
  it('ask only for metrics that there are', () => {
    expect(rules.length).toBeGreaterThan(0);
    expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  });

  it('say how severe they are, what is the matter, and lead to their runbook', () => {
    const headings = new Set(
      (textOf('docs/runbooks.md').match(/^## .+$/gm) ?? []).map((line) => line.slice(3)),
    );
    for (const { alert, labels, annotations } of rules) {
      expect(['info', 'warning', 'critical']).toContain(labels.severity);
      expect(annotations.summary.length).toBeGreaterThan(20);
      expect(annotations.description.length).toBeGreaterThan(20);
      expect(annotations.runbook_url).toBe(
        `https://github.com/eastwall/eastwall/blob/main/docs/runbooks.md#${alert.toLowerCase()}`,
      );
      expect(headings).toContain(alert);
    }
    expect([...headings].sort()).toEqual(rules.map(({ alert }) => alert).sort());
  });
});
