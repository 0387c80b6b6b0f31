import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DASHBOARDS } from '../deploy/dashboards/all.ts';
import { toDashboard } from '../deploy/dashboards/dashboard.ts';

/** Writes Grafana's dashboards into the chart; a test says when they are stale. */
const folder = fileURLToPath(new URL('../deploy/chart/files/dashboards/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const draft of DASHBOARDS)
  writeFileSync(`${folder}${draft.name}.json`, `${JSON.stringify(toDashboard(draft), null, 2)}\n`);
