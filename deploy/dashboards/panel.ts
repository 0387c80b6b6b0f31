import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  type DataTransformerConfig,
  FieldColorModeId,
  GraphDrawStyle,
  LegendDisplayMode,
  type Panel,
  PercentChangeColorMode,
  SortOrder,
  StackingMode,
  type Threshold,
  ThresholdsMode,
  TooltipDisplayMode,
} from '@grafana/schema';

/** A panel before it has a place on its dashboard. */
export interface PanelDraft {
  readonly title: string;
  readonly description: string;
  readonly type: 'stat' | 'timeseries' | 'table' | 'nodeGraph';
  readonly targets: readonly Query[];
  readonly unit: string;
  /** Of 24 columns; the panels of a row share it evenly otherwise. */
  readonly width?: number;
  readonly height: number;
  readonly options: Record<string, unknown>;
  readonly custom?: Record<string, unknown>;
  readonly thresholds?: readonly Threshold[];
  readonly transformations?: readonly DataTransformerConfig[];
}

export interface Query {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  /** One value per series, as of now, instead of its course. */
  readonly instant: boolean;
  readonly format: 'time_series' | 'table';
}

interface About {
  readonly title: string;
  readonly description: string;
  readonly unit?: string;
  readonly width?: number;
}

export const DATA_SOURCE = { type: 'prometheus', uid: '$datasource' } as const;

/** One number, green unless it reaches a threshold. */
export function stat(
  about: About & { readonly warnAt?: number; readonly badAt?: number; readonly badBelow?: number },
  expr: string,
): PanelDraft {
  return {
    ...draft(about),
    type: 'stat',
    height: 4,
    targets: [{ refId: 'A', expr, legendFormat: '', instant: true, format: 'time_series' }],
    thresholds: thresholdsOf(about),
    options: {
      colorMode: BigValueColorMode.Value,
      graphMode: BigValueGraphMode.None,
      justifyMode: BigValueJustifyMode.Auto,
      textMode: BigValueTextMode.Auto,
      percentChangeColorMode: PercentChangeColorMode.Standard,
      showPercentChange: false,
      wideLayout: true,
      orientation: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

/** Lines over time, one per series; `queries` is legend → expression. */
export function lines(
  about: About & { readonly stacked?: boolean },
  queries: Readonly<Record<string, string>>,
): PanelDraft {
  return {
    ...draft(about),
    type: 'timeseries',
    height: 8,
    targets: Object.entries(queries).map(([legendFormat, expr], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      expr,
      legendFormat,
      instant: false,
      format: 'time_series',
    })),
    custom: {
      drawStyle: GraphDrawStyle.Line,
      fillOpacity: about.stacked ? 30 : 5,
      lineWidth: 1,
      showPoints: 'never',
      stacking: { mode: about.stacked ? StackingMode.Normal : StackingMode.None, group: 'A' },
    },
    options: {
      legend: { displayMode: LegendDisplayMode.List, placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending },
    },
  };
}

/** A table with one row per label set; `columns` is title of a value → expression. The first one sorts. */
export function table(about: About, columns: Readonly<Record<string, string>>): PanelDraft {
  const titles = Object.keys(columns);
  const refId = (index: number) => `q${index}`;
  return {
    ...draft(about),
    type: 'table',
    height: 9,
    targets: titles.map((title, index) => ({
      refId: refId(index),
      expr: columns[title] ?? '',
      legendFormat: '',
      instant: true,
      format: 'table',
    })),
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true },
          indexByName: {},
          // A single query's values have no number.
          renameByName: Object.fromEntries(
            titles.map((title, index) => [titles.length === 1 ? 'Value' : `Value #${refId(index)}`, title]),
          ),
        },
      },
    ],
    custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: true, inspect: false },
    options: {
      cellHeight: 'sm',
      showHeader: true,
      footer: { show: false, reducer: ['sum'], countRows: false, fields: '' },
      sortBy: [{ displayName: titles[0] ?? '', desc: true }],
    },
  };
}

/**
 * A map. `nodes` gives `id` and what else a node shows, `edges` gives `id`, `source` and `target`; each as labels. Every
 * source and target has to be a node: the panel fails on an edge that ends nowhere.
 */
export function nodeGraph(
  about: About,
  { nodes, edges }: { readonly nodes: string; readonly edges: string },
): PanelDraft {
  const query = (refId: string, expr: string): Query => ({
    refId,
    expr,
    legendFormat: '',
    instant: true,
    format: 'table',
  });
  return {
    ...draft(about),
    type: 'nodeGraph',
    height: 20,
    targets: [query('nodes', nodes), query('edges', edges)],
    transformations: ['nodes', 'edges'].map(asMainStat),
    options: {
      nodes: { mainStatUnit: about.unit ?? '' },
      edges: { mainStatUnit: about.unit ?? '' },
      layoutAlgorithm: 'layered',
      zoomMode: 'cooperative',
    },
  };
}

/** The panel looks for fields by their names, which a rename leaves as they are; a calculated field has its own. */
const asMainStat = (refId: string): DataTransformerConfig => ({
  id: 'calculateField',
  filter: { id: 'byRefId', options: refId },
  options: {
    alias: 'mainstat',
    mode: 'reduceRow',
    reduce: { include: [`Value #${refId}`], reducer: 'sum' },
    replaceFields: false,
  },
});

const draft = ({ title, description, unit = 'short', width }: About) => ({
  title,
  description,
  unit,
  ...(width !== undefined && { width }),
});

function thresholdsOf({
  warnAt,
  badAt,
  badBelow,
}: {
  readonly warnAt?: number;
  readonly badAt?: number;
  readonly badBelow?: number;
}): Threshold[] {
  if (badBelow !== undefined)
    return [
      { value: null, color: 'red' },
      { value: badBelow, color: 'green' },
    ];
  return [
    { value: null, color: 'green' },
    ...(warnAt === undefined ? [] : [{ value: warnAt, color: 'orange' }]),
    ...(badAt === undefined ? [] : [{ value: badAt, color: 'red' }]),
  ];
}

/** As Grafana keeps it. */
export function toPanel(panel: PanelDraft, id: number, gridPos: Panel['gridPos']): Panel {
  const { title, description, type, unit, options, custom, thresholds, transformations, targets } = panel;
  return {
    id,
    type,
    title,
    description,
    datasource: DATA_SOURCE,
    ...(gridPos !== undefined && { gridPos }),
    targets: targets.map(({ instant, ...query }) => ({
      ...query,
      datasource: DATA_SOURCE,
      editorMode: 'code',
      instant,
      range: !instant,
    })),
    fieldConfig: {
      defaults: {
        unit,
        ...(thresholds !== undefined && {
          thresholds: { mode: ThresholdsMode.Absolute, steps: [...thresholds] },
          color: { mode: FieldColorModeId.Thresholds },
        }),
        ...(custom !== undefined && { custom }),
      },
      overrides: [],
    },
    options,
    ...(transformations !== undefined && { transformations: [...transformations] }),
  };
}
