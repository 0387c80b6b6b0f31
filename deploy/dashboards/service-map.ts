import type { DashboardDraft } from './dashboard.ts';
import { nodeGraph, table } from './panel.ts';
import { CALLER, namespaces, nodes } from './variables.ts';

/**
 * Exchanges by `source` and `target`. A Service and the workload of the same name are one node, since they usually are
 * one thing; so the port is left out.
 */
const flows = (more = '') => {
  const rates = `rate(eastwall_exchanges_total{${CALLER}${more}}[$__range])`;
  const source = `label_join(${rates}, "source", "/", "caller_namespace", "caller_workload")`;
  return `sum by (source, target) (label_replace(${source}, "target", "$1", "destination", "(.+?)(?::[0-9]+)?")) > 0`;
};
const DENIED = flows(',verdict="deny"');
const DOUBTFUL = flows(',verdict="would-deny"');

const coloured = (expr: string, color: string) => `label_replace(${expr}, "color", "${color}", "", "")`;

/** The colour says the worst that is among them. */
const worst = (all: string, on: string, denied: string, doubtful: string) =>
  [
    coloured(`(${all} and on (${on}) (${denied}))`, 'red'),
    coloured(`(${all} and on (${on}) (${doubtful}) unless on (${on}) (${denied}))`, 'orange'),
    coloured(`(${all} unless on (${on}) (${denied}) unless on (${on}) (${doubtful}))`, 'green'),
  ].join(' or ');

const edges = `label_join(${worst(flows(), 'source, target', DENIED, DOUBTFUL)}, "id", " → ", "source", "target")`;

const ends = (flow: string) =>
  ['source', 'target'].map((end) => `label_replace(${flow}, "id", "$1", "${end}", "(.*)")`).join(' or ');
/** What each is asked, and, of who is asked nothing, what it asks. */
const asked = (flow: string) => `sum by (id) (label_replace(${flow}, "id", "$1", "target", "(.*)"))`;
const asks = (flow: string) => `sum by (id) (label_replace(${flow}, "id", "$1", "source", "(.*)"))`;
const all = `(${asked(flows())} or ${asks(flows())})`;
const named = (expr: string) =>
  `label_replace(label_replace(${expr}, "title", "$1", "id", "(?:.*/)?(.*)"), "subtitle", "$1", "id", "(.*)/.*")`;

export const serviceMap: DashboardDraft = {
  name: 'service-map',
  title: 'Service map',
  description:
    'Who calls whom, as pods were seen to: an edge is red where something was denied, orange where it would be.',
  docs: 'apis.md',
  variables: [nodes, namespaces],
  sections: [
    {
      title: 'Map',
      rows: [
        [
          nodeGraph(
            {
              title: 'Who calls whom',
              description:
                'Workloads and Services with exchanges per second, averaged over the chosen time. Red: something was denied on the way; orange: something would be, if a policy in Audit were enforced.',
              unit: 'reqps',
            },
            { nodes: named(worst(all, 'id', ends(DENIED), ends(DOUBTFUL))), edges },
          ),
        ],
      ],
    },
    {
      title: 'The same as a table',
      rows: [
        [
          table(
            {
              title: 'Edges',
              description: 'Exchanges per second, averaged over the chosen time.',
              unit: 'reqps',
            },
            { 'Per second': flows(), Denied: DENIED, 'Would be denied': DOUBTFUL },
          ),
        ],
      ],
    },
  ],
};
