import {
  type Dashboard,
  DashboardCursorSync,
  type Panel,
  type RowPanel,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/schema';
import { DATA_SOURCE, type PanelDraft, toPanel } from './panel.ts';

/** That of Grafana 12; one of Grafana 11 reads it too. */
const SCHEMA_VERSION = 41;
const COLUMNS = 24;
const DOCS = 'https://github.com/eastwall/eastwall/blob/main/docs';

export interface Section {
  readonly title: string;
  /** Panels side by side, row by row. */
  readonly rows: readonly (readonly PanelDraft[])[];
}

export interface DashboardDraft {
  /** `eastwall-<name>` is its uid, and `<name>.json` its file. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** A page in docs/. */
  readonly docs: string;
  readonly variables: readonly VariableModel[];
  readonly sections: readonly Section[];
}

/** As Grafana keeps it. */
export function toDashboard({
  name,
  title,
  description,
  docs,
  variables,
  sections,
}: DashboardDraft): Dashboard {
  return {
    uid: `eastwall-${name}`,
    title: `Eastwall / ${title}`,
    description,
    tags: ['eastwall'],
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: DashboardCursorSync.Crosshair,
    timezone: 'browser',
    time: { from: 'now-1h', to: 'now' },
    refresh: '30s',
    annotations: { list: [] },
    links: [
      link({ title: 'Dashboards', type: 'dashboards', tags: ['eastwall'], asDropdown: true }),
      link({ title: 'Documentation', type: 'link', url: `${DOCS}/${docs}`, icon: 'doc', targetBlank: true }),
    ],
    templating: { list: [dataSource, ...variables] },
    panels: placed(sections),
  };
}

type Link = NonNullable<Dashboard['links']>[number];
const link = (differs: Partial<Link> & Pick<Link, 'title' | 'type'>): Link => ({
  icon: 'external link',
  tooltip: '',
  url: '',
  tags: [],
  asDropdown: false,
  targetBlank: false,
  includeVars: true,
  keepTime: true,
  ...differs,
});

const dataSource: VariableModel = {
  name: 'datasource',
  label: 'Prometheus',
  type: 'datasource',
  query: 'prometheus',
};

/** All values of a label, to choose from; all of them to begin with. */
export const choice = (name: string, label: string, metric: string): VariableModel => ({
  name,
  label,
  type: 'query',
  datasource: DATA_SOURCE,
  query: { query: `label_values(${metric})`, refId: name },
  refresh: VariableRefresh.onTimeRangeChanged,
  sort: VariableSort.alphabeticalAsc,
  multi: true,
  includeAll: true,
  // Matches also what does not have the label.
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
});

function placed(sections: readonly Section[]): (Panel | RowPanel)[] {
  const panels: (Panel | RowPanel)[] = [];
  let y = 0;
  for (const { title, rows } of sections) {
    panels.push(rowPanel(title, panels.length + 1, y++));
    for (const row of rows) {
      let x = 0;
      for (const draft of row) {
        const w = draft.width ?? Math.floor(COLUMNS / row.length);
        panels.push(toPanel(draft, panels.length + 1, { x, y, w, h: draft.height }));
        x += w;
      }
      y += Math.max(...row.map(({ height }) => height));
    }
  }
  return panels;
}

const rowPanel = (title: string, id: number, y: number): RowPanel => ({
  id,
  type: 'row',
  title,
  collapsed: false,
  gridPos: { x: 0, y, w: COLUMNS, h: 1 },
  panels: [],
});
