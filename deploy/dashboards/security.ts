import type { DashboardDraft } from './dashboard.ts';
import { lines, stat, table } from './panel.ts';
import { CALLER, NODE, namespaces, nodes } from './variables.ts';

const during = (metric: string) => `sum(increase(${metric}[$__range])) or vector(0)`;
const refused = (verdict: string) => `eastwall_exchanges_total{verdict="${verdict}",${CALLER}}`;
const verdicts = (verdict: string) => `eastwall_verdicts_total{verdict="${verdict}",${NODE}}`;

export const security: DashboardDraft = {
  name: 'security',
  title: 'Security',
  description:
    'What was refused and by what, what guards have noticed, and what may be attempts at getting past.',
  docs: 'findings.md',
  variables: [nodes, namespaces],
  sections: [
    {
      title: 'In the chosen time',
      rows: [
        [
          stat(
            { title: 'Denied', description: 'Exchanges that were refused.', warnAt: 1 },
            during(refused('deny')),
          ),
          stat(
            {
              title: 'Would be denied',
              description: 'Exchanges that a policy in Audit would refuse.',
              warnAt: 1,
            },
            during(refused('would-deny')),
          ),
          stat(
            {
              title: 'Over a limit',
              description: 'Requests that a limit refused, or would refuse in Audit.',
              warnAt: 1,
            },
            during(`eastwall_limit_requests_total{result!="admitted",${NODE}}`),
          ),
          stat(
            { title: 'Findings', description: 'Episodes that have begun.', warnAt: 1 },
            during(`eastwall_findings_total{${NODE}}`),
          ),
          stat(
            { title: 'Open, high and critical', description: 'Findings that go on now.', badAt: 1 },
            `sum(eastwall_findings_open{severity=~"high|critical",${CALLER}}) or vector(0)`,
          ),
        ],
      ],
    },
    {
      title: 'Blocked flows',
      rows: [
        [
          lines(
            {
              title: 'Denied, by reason',
              description: 'Per second; what a reason means, `eastwall explain` says.',
              unit: 'reqps',
              stacked: true,
            },
            { '{{reason}}': `sum by (reason) (rate(${verdicts('deny')}[$__rate_interval]))` },
          ),
          lines(
            {
              title: 'Would be denied, by policy',
              description:
                'Per second. When it is nothing for as long as your slowest job takes, the policy can be enforced.',
              unit: 'reqps',
              stacked: true,
            },
            { '{{policy}}': `sum by (policy) (rate(${verdicts('would-deny')}[$__rate_interval]))` },
          ),
        ],
        [
          table(
            {
              title: 'Blocked flows',
              description: 'Who was refused what, most often first: `eastwall tail` shows each.',
            },
            {
              Denied: `sum by (caller_namespace, caller_workload, destination) (increase(${refused('deny')}[$__range])) > 0`,
              'Would be denied': `sum by (caller_namespace, caller_workload, destination) (increase(${refused('would-deny')}[$__range])) > 0`,
            },
          ),
          table(
            {
              title: 'What decided',
              description:
                'Policies and rules that refused, or would; where a guard did, the rule is the detection.',
            },
            {
              Denied: `sum by (policy, rule, reason) (increase(${verdicts('deny')}[$__range])) > 0`,
              'Would be denied': `sum by (policy, rule, reason) (increase(${verdicts('would-deny')}[$__range])) > 0`,
            },
          ),
        ],
      ],
    },
    {
      title: 'Findings',
      rows: [
        [
          table(
            { title: 'Open findings', description: 'By detection, severity and namespace of the caller.' },
            {
              Findings: `sum by (detection, severity, caller_namespace) (eastwall_findings_open{${CALLER}})`,
            },
          ),
          lines(
            { title: 'Findings that began', description: 'Per detection, in steps of the graph.' },
            {
              '{{detection}}': `sum by (detection) (increase(eastwall_findings_total{${NODE}}[$__rate_interval]))`,
            },
          ),
        ],
      ],
    },
    {
      title: 'Limits',
      rows: [
        [
          lines(
            {
              title: 'Requests that met a limit',
              description: 'By what became of them, per second.',
              unit: 'reqps',
              stacked: true,
            },
            {
              '{{result}}': `sum by (result) (rate(eastwall_limit_requests_total{${NODE}}[$__rate_interval]))`,
            },
          ),
          table(
            { title: 'Limits', description: 'Requests by limit in the chosen time.' },
            {
              Refused: `sum by (policy, limit) (increase(eastwall_limit_requests_total{result="refused",${NODE}}[$__range]))`,
              'Would be refused': `sum by (policy, limit) (increase(eastwall_limit_requests_total{result="would_refuse",${NODE}}[$__range]))`,
              Admitted: `sum by (policy, limit) (increase(eastwall_limit_requests_total{result="admitted",${NODE}}[$__range]))`,
            },
          ),
        ],
      ],
    },
    {
      title: 'Blind spots',
      rows: [
        [
          lines(
            {
              title: 'Attempts at getting past',
              description: 'What the kernel has counted of pods, by kind; per second.',
              unit: 'cps',
            },
            {
              '{{caller_namespace}}/{{caller_pod}} {{kind}}': `rate(eastwall_bypass_attempts_total{${CALLER}}[$__rate_interval]) > 0`,
            },
          ),
          lines(
            {
              title: 'QUIC',
              description: 'Datagrams to UDP port 443, which nobody reads; per second.',
              unit: 'pps',
            },
            {
              '{{caller_namespace}}/{{caller_pod}}': `rate(eastwall_quic_datagrams_total{${CALLER}}[$__rate_interval])`,
            },
          ),
          table(
            {
              title: 'Pods that are not intercepted',
              description: 'A connection made inside did not come to the agent.',
            },
            { Proven: `eastwall_pod_intercepted{${CALLER}} == 0` },
          ),
        ],
      ],
    },
  ],
};
