import type { DashboardDraft } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { CALLER, NODE, namespaces, nodes } from './variables.ts';

const exchanges = (more = '') => `eastwall_exchanges_total{${CALLER}${more}}`;
const perSecond = (more = '') => `sum(rate(${exchanges(more)}[$__rate_interval])) or vector(0)`;
const quantile = (q: number) =>
  `histogram_quantile(${q}, sum by (le) (rate(eastwall_exchange_duration_seconds_bucket{${NODE}}[$__rate_interval])))`;

export const overview: DashboardDraft = {
  name: 'overview',
  title: 'Overview',
  description: 'What pods call, what is refused of it, and whether every pod is judged.',
  docs: 'README.md',
  variables: [nodes, namespaces],
  sections: [
    {
      title: 'Now',
      rows: [
        [
          stat(
            {
              title: 'Exchanges',
              description: 'Requests and connections that ended, per second.',
              unit: 'reqps',
            },
            perSecond(),
          ),
          stat(
            {
              title: 'Denied',
              description: 'Refused by a policy, a limit or a guard, per second.',
              unit: 'reqps',
              warnAt: 0.001,
            },
            perSecond(',verdict="deny"'),
          ),
          stat(
            {
              title: 'Would be denied',
              description:
                'Passed, and would be refused if the policy that is in Audit were enforced; per second.',
              unit: 'reqps',
              warnAt: 0.001,
            },
            perSecond(',verdict="would-deny"'),
          ),
          stat(
            {
              title: 'Open findings, high and critical',
              description: 'Episodes that guards have noticed and that go on: `eastwall findings`.',
              badAt: 1,
            },
            `sum(eastwall_findings_open{severity=~"high|critical",${CALLER}}) or vector(0)`,
          ),
          stat(
            {
              title: 'Pods judged',
              description:
                'Pods whose calls are judged, of those that are meant to be: not opted out, not in the network of the node.',
              unit: 'percentunit',
              badBelow: 1,
            },
            `sum(eastwall_pods{state="enrolled",${NODE}}) / sum(eastwall_pods{state!="opted-out",cause!="host_network",${NODE}})`,
          ),
          stat(
            { title: 'Agents ready', description: 'Agents that have everything they need to judge.' },
            `sum(eastwall_ready{${NODE}})`,
          ),
        ],
      ],
    },
    {
      title: 'Traffic',
      rows: [
        [
          lines(
            {
              title: 'Exchanges by verdict',
              description: 'What was decided about them, per second.',
              unit: 'reqps',
              stacked: true,
            },
            { '{{verdict}}': `sum by (verdict) (rate(${exchanges()}[$__rate_interval]))` },
          ),
          lines(
            {
              title: 'Failing',
              description:
                'Share of exchanges that a server answered with 5xx, or that broke off on either side.',
              unit: 'percentunit',
            },
            {
              '5xx': `(sum(rate(${exchanges(',status_class="5xx"')}[$__rate_interval])) or vector(0)) / sum(rate(${exchanges()}[$__rate_interval]))`,
              'broken off': `(sum(rate(${exchanges(',outcome!~"ok|denied|drained"')}[$__rate_interval])) or vector(0)) / sum(rate(${exchanges()}[$__rate_interval]))`,
            },
          ),
          lines(
            {
              title: 'Duration',
              description: 'From the first byte of an exchange to its last, of all destinations.',
              unit: 's',
            },
            { p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) },
          ),
        ],
        [
          table(
            {
              title: 'Who calls whom most',
              description:
                'The 20 pairs of caller and destination with the most exchanges in the chosen time.',
              width: 16,
            },
            {
              Exchanges: `topk(20, sum by (caller_namespace, caller_workload, destination) (increase(${exchanges()}[$__range])) > 0)`,
            },
          ),
          lines(
            {
              title: 'Bytes',
              description: 'Relayed, by direction; `sent` is from the caller to the destination.',
              unit: 'Bps',
              width: 8,
            },
            {
              '{{direction}}': `sum by (direction) (rate(eastwall_bytes_total{${CALLER}}[$__rate_interval]))`,
            },
          ),
        ],
      ],
    },
    {
      title: 'Policies and coverage',
      rows: [
        [
          table(
            { title: 'Policies in force', description: 'By kind and mode, on the node that has most.' },
            { Policies: `max by (kind, mode) (eastwall_policies{${NODE}}) > 0` },
          ),
          table(
            { title: 'Pods', description: 'By whether their calls are judged, and why not or not wholly.' },
            { Pods: `sum by (state, cause) (eastwall_pods{${NODE}}) > 0` },
          ),
          table(
            { title: 'Findings', description: 'Episodes that have begun in the chosen time, by detection.' },
            {
              Findings: `sum by (detection, severity) (increase(eastwall_findings_total{${NODE}}[$__range])) > 0`,
            },
          ),
        ],
      ],
    },
  ],
};
