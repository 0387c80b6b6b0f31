import type { DashboardDraft } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { CALLED, destinations, NODE, nodes } from './variables.ts';

const exchanges = (more = '') => `eastwall_exchanges_total{${CALLED}${more}}`;
const FAILING = ',status_class="5xx"';
const slowest = (q: number, over: string) =>
  `histogram_quantile(${q}, sum by (destination, le) (rate(eastwall_exchange_duration_seconds_bucket{${CALLED}}[${over}])))`;
const calls = (more = '') =>
  `sum by (destination, operation) (increase(eastwall_operation_calls_total{${CALLED}${more}}[$__range]))`;

export const apis: DashboardDraft = {
  name: 'apis',
  title: 'APIs',
  description: 'Rate, errors and duration of each destination, and the operations that are called of it.',
  docs: 'apis.md',
  variables: [nodes, destinations],
  sections: [
    {
      title: 'Destinations',
      rows: [
        [
          table(
            {
              title: 'Destinations',
              description:
                'Ports of Services, and `external` for what no Service stands behind; in the chosen time.',
            },
            {
              'Per second': `sum by (destination) (rate(${exchanges()}[$__range]))`,
              'Answered with 5xx, per second': `sum by (destination) (rate(${exchanges(FAILING)}[$__range]))`,
              'p50, seconds': slowest(0.5, '$__range'),
              'p95, seconds': slowest(0.95, '$__range'),
              'Denied, per second': `sum by (destination) (rate(${exchanges(',verdict="deny"')}[$__range]))`,
            },
          ),
        ],
        [
          lines(
            {
              title: 'Rate',
              description: 'Exchanges per second, of the ten busiest destinations.',
              unit: 'reqps',
            },
            { '{{destination}}': `topk(10, sum by (destination) (rate(${exchanges()}[$__rate_interval])))` },
          ),
          lines(
            {
              title: 'Errors',
              description: 'Share that was answered with 5xx, of the ten worst destinations.',
              unit: 'percentunit',
            },
            {
              '{{destination}}': `topk(10, sum by (destination) (rate(${exchanges(FAILING)}[$__rate_interval])) / sum by (destination) (rate(${exchanges()}[$__rate_interval])))`,
            },
          ),
          lines(
            {
              title: 'Duration',
              description: '95th percentile, of the ten slowest destinations.',
              unit: 's',
            },
            { '{{destination}}': `topk(10, ${slowest(0.95, '$__rate_interval')})` },
          ),
        ],
      ],
    },
    {
      title: 'Operations',
      rows: [
        [
          table(
            {
              title: 'Operations',
              description:
                'Learnt from traffic; `probes` are calls that showed no operation. Who calls them, `eastwall apis` shows.',
            },
            {
              Calls: `${calls()} > 0`,
              '4xx': calls(',status_class="4xx"'),
              '5xx': calls(',status_class="5xx"'),
            },
          ),
        ],
        [
          lines(
            {
              title: 'Calls by operation',
              description: 'Per second, of the ten that are called most.',
              unit: 'reqps',
            },
            {
              '{{destination}} {{operation}}': `topk(10, sum by (destination, operation) (rate(eastwall_operation_calls_total{${CALLED}}[$__rate_interval])))`,
            },
          ),
          lines(
            {
              title: 'Protocols',
              description: 'What is spoken, in exchanges per second.',
              unit: 'reqps',
              stacked: true,
            },
            { '{{protocol}}': `sum by (protocol) (rate(${exchanges()}[$__rate_interval]))` },
          ),
          stat(
            {
              title: 'Known operations',
              description: 'In the catalogs of all agents; the same operation counts on each node.',
            },
            `sum(eastwall_catalog_operations{${NODE}})`,
          ),
        ],
      ],
    },
  ],
};
