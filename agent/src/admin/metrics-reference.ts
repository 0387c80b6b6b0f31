import { Registry } from 'prom-client';
import { Metrics } from '../sinks/metrics.ts';
import { registerAgentMetrics } from './agent-metrics.ts';
import { registerProcessMetrics } from './process-metrics.ts';

/** What a metric says of itself. */
export interface MetricFacts {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** Every metric that an agent has, by name. */
export function allMetrics(): MetricFacts[] {
  const registry = new Registry();
  new Metrics(registry, {
    maxSeries: 1,
    findings: { open: [] },
    catalog: { size: 0, forgotten: 0 },
    monotonic: () => 0,
  });
  registerAgentMetrics(registry, () => {
    throw new Error('nobody scrapes this registry');
  });
  registerProcessMetrics(registry);
  return registry
    .getMetricsAsArray()
    .map((metric) => {
      // Each metric has them; prom-client does not declare that it has.
      const { name, help, type, labelNames } = metric as unknown as typeof metric & { labelNames: string[] };
      return { name, help, type: `${type}`, labels: labelNames };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The page `docs/reference/metrics.md`, from the metrics themselves. */
export function metricsPage(): string {
  const rows = allMetrics().map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`,
  );
  return `${INTRODUCTION}
| Metric | Type | Labels | What it is |
| --- | --- | --- | --- |
${rows.join('\n')}
${LABELS}`;
}

const INTRODUCTION = `<!-- Generated from the sources by scripts/generate-metrics.ts; do not edit. -->
# Metrics of the agent

Each agent answers \`/metrics\` at \`--metrics-address\` (with \`--metrics-token-file\`, to whoever has the token) and at its admin
socket. Counters count since the agent was started, and only what it has seen on its node. Times are in seconds, sizes in bytes.

Where labels come from the cluster or from traffic, a metric has at most \`--max-series\` series; what comes after is counted
under \`other\`, and \`eastwall_series_overflow_total\` says how often. A histogram's series are its buckets, so the one of
durations tells fewer destinations apart.

No metric has a label \`namespace\`, \`pod\` or \`node\`: these are the agent's own, where Prometheus finds it as a pod. What
dashboards and alerts expect of it: \`job="eastwall"\`, and the agent's node as the label \`node\`. The chart's PodMonitor does both.
`;

const LABELS = `
## Labels

| Label | Values |
| --- | --- |
| \`caller_namespace\`, \`caller_workload\`, \`caller_pod\` | Who calls; \`unknown\` where nobody could say in time |
| \`destination\` | Port of a Service, \`shop/orders:80\`; \`external\` for what no Service stands behind |
| \`protocol\` | \`http1\`, \`h2\`, \`tls\`, \`opaque\`, \`unknown\` |
| \`verdict\` | \`allow\`, \`would-deny\` (in Audit), \`deny\` |
| \`outcome\` | How it ended: \`ok\`, \`denied\`, or what went wrong and on which side: \`upstream_reset\`, \`timeout\`, … |
| \`status_class\` | \`1xx\` to \`5xx\`; \`none\` without an answer of HTTP |
| \`policy\`, \`rule\`, \`limit\` | \`namespace/name\` of the policy, and the name in it; \`none\` where nothing decided |
| \`reason\` | Why: \`allowed_by_rule\`, \`no_rule_allows\`, \`rate_limited\`, \`blocked_by_guard\`, … |
| \`operation\` | Method and path as learnt, \`GET /orders/{orderId}\`; \`probes\` for calls that showed no operation |
| \`by\` | Who has set pods aside: \`annotation\` (of the pod or its namespace) or \`guard\` |
| \`issuer\` | As in the claim \`iss\` of its tokens |
| \`detection\`, \`severity\` | See [detections](detections.md) |
| \`state\`, \`cause\` of pods | \`enrolled\`, \`waiting\`, \`opted-out\` or \`refused\`; and why, in a word |
| \`dataplane\` | Number of the dataplane process |
`;
