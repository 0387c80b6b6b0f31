import { DASHBOARDS } from '../../deploy/dashboards/all.ts';

/** As Grafana fills it in. */
export const filled = (expr: string) =>
  expr
    .replaceAll('$__rate_interval', '30s')
    .replaceAll('$__range', '5m')
    .replaceAll(/\$(node|namespace|destination)\b/g, '.*');

/** Every panel that there is. */
export const panels = DASHBOARDS.flatMap(({ name, sections }) =>
  sections.flatMap(({ rows }) => rows.flat()).map((panel) => ({ dashboard: name, panel })),
);
