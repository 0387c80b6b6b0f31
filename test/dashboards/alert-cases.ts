/** Series over time in promtool's notation, one value a minute: `0+1x60` grows by one, `_x5` is nothing. */
export type SeriesByName = Readonly<Record<string, string>>;

export interface AlertCase {
  readonly fires: SeriesByName;
  /** As near to it as may be. */
  readonly quiet: SeriesByName;
  /** When it has to have fired. */
  readonly atMinutes: number;
}

const gauge = (series: string, bad: number, good: number): Pick<AlertCase, 'fires' | 'quiet'> => ({
  fires: { [series]: `${bad}x90` },
  quiet: { [series]: `${good}x90` },
});

/** A counter that grows once, against one that is there and does not. */
const grows = (series: string): Pick<AlertCase, 'fires' | 'quiet'> => ({
  fires: { [series]: '4x20 5x70' },
  quiet: { [series]: '4x90' },
});

/** A series that begins with what it counts, against one that began so long ago. */
const begins = (series: string): Pick<AlertCase, 'fires' | 'quiet'> => ({
  fires: { [series]: '_x60 3x30' },
  quiet: { [series]: '3x90' },
});

const denials =
  'eastwall_exchanges_total{verdict="deny",caller_namespace="ci",caller_workload="runner",destination="shop/web:80"}';

/** Each alert, with what makes it fire and what does not. */
export const ALERT_CASES: Readonly<Record<string, AlertCase>> = {
  EastwallAgentDown: { ...gauge('up{job="eastwall",node="a"}', 0, 1), atMinutes: 10 },
  EastwallAgentsMissing: {
    fires: { 'up{job="node-exporter",node="a"}': '1x90' },
    // One that is down is another matter.
    quiet: { 'up{job="eastwall",node="a"}': '0x90' },
    atMinutes: 15,
  },
  EastwallAgentNotReady: { ...gauge('eastwall_ready{node="a"}', 0, 1), atMinutes: 15 },
  EastwallDataplaneDown: { ...gauge('eastwall_dataplane_up{node="a",dataplane="0"}', 0, 1), atMinutes: 5 },
  EastwallDataplaneRestarts: {
    fires: { 'eastwall_dataplane_restarts_total{node="a",dataplane="0"}': '0x10 1 2 3 4 4x60' },
    quiet: { 'eastwall_dataplane_restarts_total{node="a",dataplane="0"}': '0x10 1x60' },
    atMinutes: 18,
  },
  EastwallEventLoopLag: {
    ...gauge('eastwall_dataplane_loop_lag_seconds{node="a",dataplane="0"}', 0.7, 0.2),
    atMinutes: 8,
  },
  EastwallPodsNotCovered: {
    fires: { 'eastwall_pods{node="a",state="refused",cause="rules_failed"}': '1x90' },
    quiet: {
      'eastwall_pods{node="a",state="refused",cause="host_network"}': '4x90',
      'eastwall_pods{node="a",state="opted-out",cause="opted_out"}': '4x90',
      // It is on its way.
      'eastwall_pods{node="a",state="waiting",cause="enrolling"}': '0x12 1x3 0x60',
    },
    atMinutes: 15,
  },
  EastwallInterceptionFailed: {
    ...gauge(
      'eastwall_pod_intercepted{node="a",caller_namespace="shop",caller_pod="web-1",family="v4"}',
      0,
      1,
    ),
    atMinutes: 10,
  },
  EastwallRulesChanged: { ...grows('eastwall_capture_repairs_total{node="a"}'), atMinutes: 30 },
  EastwallBypassAttempts: {
    ...begins(
      'eastwall_bypass_attempts_total{node="a",caller_namespace="shop",caller_pod="web-1",kind="smuggled"}',
    ),
    atMinutes: 65,
  },
  EastwallConnectionsUnjudged: {
    ...begins('eastwall_unjudged_connections_total{node="a",caller_namespace="shop",caller_pod="web-1"}'),
    atMinutes: 65,
  },
  EastwallPolicyRefused: {
    ...gauge('eastwall_policies_refused{node="a",kind="ApiPolicy"}', 1, 0),
    atMinutes: 10,
  },
  EastwallCaptureSilent: { ...gauge('eastwall_capture_silence_seconds{node="a"}', 700, 30), atMinutes: 10 },
  EastwallSnapshotStale: { ...gauge('eastwall_snapshot_age_seconds{node="a"}', 1_000, 500), atMinutes: 10 },
  EastwallKubeProblems: { ...gauge('eastwall_kube_problems{node="a"}', 1, 0), atMinutes: 20 },
  EastwallPolicyKindsMissing: { ...gauge('eastwall_kube_missing_kinds{node="a"}', 3, 0), atMinutes: 20 },
  EastwallStoreUnreachable: {
    ...gauge('eastwall_limit_store_up{node="a",kind="redis"}', 0, 1),
    atMinutes: 10,
  },
  EastwallRecordsDropped: {
    fires: { 'eastwall_flow_records_dropped_total{node="a",where="dataplane"}': '0x10 20x60' },
    // A reader that is too slow loses records; that is its own matter.
    quiet: { 'eastwall_flow_records_dropped_total{node="a",where="tail"}': '0x10 20x60' },
    atMinutes: 15,
  },
  EastwallEventSinkFailing: { ...gauge('eastwall_sink_up{node="a",sink="webhook"}', 0, 1), atMinutes: 15 },
  EastwallEventsDropped: {
    ...grows('eastwall_sink_dropped_total{node="a",sink="file",reason="disk"}'),
    atMinutes: 30,
  },
  EastwallSeriesOverflow: {
    fires: { 'eastwall_series_overflow_total{node="a",metric="eastwall_exchanges_total"}': '0+5x90' },
    quiet: { 'eastwall_series_overflow_total{node="a",metric="eastwall_exchanges_total"}': '0x90' },
    atMinutes: 40,
  },
  EastwallSevereFinding: {
    fires: {
      'eastwall_findings_open{node="a",detection="foreign-token",severity="critical",caller_namespace="ci"}':
        '_x5 1x90',
    },
    quiet: {
      'eastwall_findings_open{node="a",detection="new-edge",severity="low",caller_namespace="ci"}':
        '_x5 1x90',
    },
    atMinutes: 8,
  },
  EastwallDenialSurge: {
    fires: { [denials]: '0+6x60 400+120x30' },
    // Twice as often as in the hour before.
    quiet: { [denials]: '0+300x60 18000+600x30' },
    atMinutes: 70,
  },
  EastwallWouldDeny: {
    fires: {
      'eastwall_verdicts_total{verdict="would-deny",policy="shop/web",rule="none",reason="no_rule_allows"}':
        '_x30 1x60',
    },
    quiet: {
      'eastwall_verdicts_total{verdict="would-deny",policy="shop/web",rule="none",reason="no_rule_allows"}':
        '1x200',
      'eastwall_verdicts_total{verdict="deny",policy="shop/web",rule="none",reason="no_rule_allows"}':
        '_x30 1x60',
    },
    atMinutes: 80,
  },
};
