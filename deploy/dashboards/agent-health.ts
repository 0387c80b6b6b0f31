import type { DashboardDraft } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { NODE, nodes } from './variables.ts';

const per = (metric: string, more = '') => `${metric}{${NODE}${more}}`;
const increased = (metric: string) => `sum by (node) (increase(${per(metric)}[$__rate_interval]))`;

export const agentHealth: DashboardDraft = {
  name: 'agent-health',
  title: 'Agent health',
  description: 'Whether agents serve, what they cost, and what they have lost.',
  docs: 'runbooks.md',
  variables: [nodes],
  sections: [
    {
      title: 'Now',
      rows: [
        [
          stat(
            { title: 'Agents that answer', description: 'Scraped with success.' },
            `sum(${per('up', ',job="eastwall"')})`,
          ),
          stat(
            { title: 'Ready', description: 'Agents that have everything they need to judge.' },
            `sum(${per('eastwall_ready')})`,
          ),
          stat(
            {
              title: 'Dataplanes that do not serve',
              description: 'Processes that are starting, waiting or gone.',
              badAt: 1,
            },
            `sum(1 - ${per('eastwall_dataplane_up')})`,
          ),
          stat(
            {
              title: 'Policies refused',
              description: 'Whose latest version is not in force: `eastwall status`.',
              badAt: 1,
            },
            `max(sum by (node) (${per('eastwall_policies_refused')}))`,
          ),
          stat(
            {
              title: 'Oldest knowledge of the cluster',
              description: 'What is known stays in force however old it is.',
              unit: 's',
              warnAt: 300,
              badAt: 900,
            },
            `max(${per('eastwall_snapshot_age_seconds')})`,
          ),
          stat(
            {
              title: 'Store',
              description:
                'Share of agents that reach the store of limits; without it they go on with shares.',
              unit: 'percentunit',
              badBelow: 1,
            },
            `avg(${per('eastwall_limit_store_up')})`,
          ),
        ],
        [
          table(
            { title: 'Versions', description: 'Agents by version.' },
            { Agents: `count by (version) (${per('eastwall_agent_info')})` },
          ),
          table(
            {
              title: 'What the kernel enforces',
              description: '1 where an agent has tried it out with success.',
            },
            { Enforced: `max by (node, ability) (${per('eastwall_capture_ability')})` },
          ),
        ],
      ],
    },
    {
      title: 'Coverage',
      rows: [
        [
          lines(
            {
              title: 'Pods that are not judged',
              description: 'By the word for why; opted out ones are not shown.',
              stacked: true,
            },
            { '{{cause}}': `sum by (cause) (${per('eastwall_pods', ',state=~"waiting|refused"')})` },
          ),
          lines(
            { title: 'Rules put back', description: 'Rules or listeners that somebody else had changed.' },
            { '{{node}}': increased('eastwall_capture_repairs_total') },
          ),
          lines(
            { title: 'Connections', description: 'Being relayed; and waiting for their caller to be known.' },
            {
              'open {{node}}': `sum by (node) (${per('eastwall_open_connections')})`,
              'held {{node}}': `sum by (node) (${per('eastwall_held_connections')})`,
            },
          ),
        ],
      ],
    },
    {
      title: 'What it costs',
      rows: [
        [
          lines(
            { title: 'CPU', description: 'Cores in use.', unit: 'short' },
            {
              'dataplanes {{node}}': `sum by (node) (rate(${per('eastwall_dataplane_cpu_seconds_total')}[$__rate_interval]))`,
              'control {{node}}': `sum by (node) (rate(${per('process_cpu_seconds_total', ',job="eastwall"')}[$__rate_interval]))`,
            },
          ),
          lines(
            { title: 'Memory', description: 'Resident memory of the processes.', unit: 'bytes' },
            {
              'dataplanes {{node}}': `sum by (node) (${per('eastwall_dataplane_rss_bytes')})`,
              'control {{node}}': `sum by (node) (${per('process_resident_memory_bytes', ',job="eastwall"')})`,
            },
          ),
          lines(
            {
              title: 'Event loop lag',
              description: 'Longest delay: every request of the node waits so long.',
              unit: 's',
            },
            {
              'dataplanes {{node}}': `max by (node) (${per('eastwall_dataplane_loop_lag_seconds')})`,
              'control {{node}}': `max by (node) (${per('eastwall_control_loop_lag_seconds')})`,
            },
          ),
          lines(
            { title: 'Descriptors', description: 'Open files and sockets of control.' },
            { '{{node}}': `max by (node) (${per('process_open_fds', ',job="eastwall"')})` },
          ),
        ],
        [
          lines(
            { title: 'Scrapes', description: 'How long Prometheus waits for an agent’s metrics.', unit: 's' },
            { '{{node}}': per('scrape_duration_seconds', ',job="eastwall"') },
          ),
          lines(
            {
              title: 'Samples',
              description: 'Series that an agent exposes; `--max-series` bounds those of each metric.',
            },
            { '{{node}}': per('scrape_samples_scraped', ',job="eastwall"') },
          ),
          lines(
            { title: 'Counted as other', description: 'For want of room, by metric.' },
            {
              '{{metric}}': `sum by (metric) (increase(${per('eastwall_series_overflow_total')}[$__rate_interval]))`,
            },
          ),
        ],
      ],
    },
    {
      title: 'Lost',
      rows: [
        [
          lines(
            {
              title: 'Restarts of dataplanes',
              description: 'Open connections of their pods are lost with each; no new one is refused.',
            },
            {
              '{{node}} {{dataplane}}': `increase(${per('eastwall_dataplane_restarts_total')}[$__rate_interval])`,
            },
          ),
          lines(
            {
              title: 'Flow records',
              description: 'Lost in a full queue, or for a slow `tail`; all are counted all the same.',
            },
            {
              '{{where}}': `sum by (where) (increase(${per('eastwall_flow_records_dropped_total')}[$__rate_interval]))`,
            },
          ),
          lines(
            {
              title: 'For want of room',
              description: 'Signs of findings, operations of the catalog, buckets of limits.',
            },
            {
              'signs {{node}}': increased('eastwall_findings_dropped_total'),
              'operations {{node}}': increased('eastwall_catalog_forgotten_total'),
              'buckets {{node}}': increased('eastwall_limit_others_total'),
            },
          ),
        ],
      ],
    },
    {
      title: 'What it depends on',
      rows: [
        [
          lines(
            {
              title: 'kube API',
              description: 'Age of what is known, and watches or objects with a problem.',
              unit: 'short',
            },
            {
              'seconds old {{node}}': per('eastwall_snapshot_age_seconds'),
              'problems {{node}}': per('eastwall_kube_problems'),
              'missing kinds {{node}}': per('eastwall_kube_missing_kinds'),
            },
          ),
          lines(
            {
              title: 'Store of limits',
              description: 'Asks for tokens, and those without an answer in time; per second.',
              unit: 'reqps',
            },
            {
              'asks {{node}}': `rate(${per('eastwall_limit_store_asks_total')}[$__rate_interval])`,
              'failed {{node}}': `rate(${per('eastwall_limit_store_failed_asks_total')}[$__rate_interval])`,
            },
          ),
          lines(
            {
              title: 'Answers of the store',
              description: 'The slowest since the scrape before; no request waits for it.',
              unit: 's',
            },
            { '{{node}}': per('eastwall_limit_store_latency_seconds') },
          ),
          lines(
            {
              title: 'Tokens of limits',
              description: 'Where those of admitted requests came from, or why there were none; per second.',
              unit: 'reqps',
            },
            {
              '{{from}}': `sum by (from) (rate(${per('eastwall_limit_spendings_total')}[$__rate_interval]))`,
            },
          ),
        ],
        [
          lines(
            {
              title: 'News between nodes',
              description:
                'Messages about shown ids and used credentials, by what became of them; per second.',
            },
            { '{{result}}': `sum by (result) (rate(${per('eastwall_news_total')}[$__rate_interval]))` },
          ),
          lines(
            { title: 'Objects of the cluster', description: 'Services and EndpointSlices that are known.' },
            { '{{resource}}': `max by (resource) (${per('eastwall_cluster_objects')})` },
          ),
        ],
      ],
    },
    {
      title: 'Events',
      rows: [
        [
          lines(
            {
              title: 'Delivered events',
              description: 'Taken by a sink, and got by its receiver; per second.',
              unit: 'reqps',
            },
            {
              '{{fate}} {{sink}}': `sum by (sink, fate) (rate(${per('eastwall_sink_events_total')}[$__rate_interval]))`,
            },
          ),
          lines(
            {
              title: 'Dropped events',
              description:
                'By why: too many at once, too many waiting, the disk, the receiver, more than may be told.',
            },
            {
              '{{sink}} {{reason}}': `sum by (sink, reason) (increase(${per('eastwall_sink_dropped_total')}[$__rate_interval]))`,
            },
          ),
          lines(
            {
              title: 'Events that wait',
              description: 'In the spool of a sink, at most `--max-spool-bytes` on each node.',
              unit: 'bytes',
            },
            { '{{sink}} {{node}}': `max by (sink, node) (${per('eastwall_sink_waiting_bytes')})` },
          ),
          lines(
            {
              title: 'Attempts that failed',
              description: 'Made again, with waits that grow up to `--export-max-retry-delay`; per second.',
              unit: 'reqps',
            },
            {
              '{{sink}}': `sum by (sink) (rate(${per('eastwall_sink_retries_total')}[$__rate_interval]))`,
            },
          ),
        ],
      ],
    },
  ],
};
