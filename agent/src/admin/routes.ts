import type { ServerResponse } from 'node:http';
import type { ServiceLabels } from '../identity/service-labels.ts';
import type { Catalog } from '../sinks/catalog.ts';
import type { FindingLog } from '../sinks/finding-log.ts';
import type { FlowLog } from '../sinks/flow-log.ts';
import type { AgentStatus } from './agent-status.ts';
import type { DepartureState } from './departure-state.ts';
import { explain } from './explanation.ts';
import { streamFindings } from './finding-stream.ts';
import { parseFlowQuery } from './flow-query.ts';
import { streamFlows } from './flow-stream.ts';

export interface AdminSources {
  readonly status: () => AgentStatus;
  readonly readiness: { readonly ready: boolean; readonly waitingFor: readonly string[] };
  /** How far the agent is with leaving its pods. */
  readonly departure: () => DepartureState;
  readonly flows: FlowLog;
  readonly services: Pick<ServiceLabels, 'some'>;
  readonly findings: FindingLog;
  readonly catalog: Catalog;
  readonly metrics: () => Promise<string>;
  readonly metricsType: string;
}

/** An answer, or what writes one over time. */
export type Reply =
  | { readonly status: number; readonly body: string; readonly type?: string }
  | { readonly stream: (response: ServerResponse) => void };

export type Routes = (url: URL) => Promise<Reply>;

/** What a probe or a Prometheus may see over TCP: counters, and no single flow. */
export const publicRoutes =
  ({ readiness, departure, metrics, metricsType }: AdminSources): Routes =>
  async ({ pathname }) => {
    switch (pathname) {
      case '/livez':
        return { status: 200, body: 'ok\n' };
      case '/readyz':
        return readiness.ready
          ? { status: 200, body: 'ready\n' }
          : { status: 503, body: `waiting for ${readiness.waitingFor.join(', ')}\n` };
      case '/gone':
        return departureReply(departure());
      case '/metrics':
        return { status: 200, body: await metrics(), type: metricsType };
      default:
        return { status: 404, body: `nothing at ${pathname}\n` };
    }
  };

/** Everything; for the admin socket, which only the agent's own user can open. */
export function adminRoutes(sources: AdminSources): Routes {
  const others = publicRoutes(sources);
  return async (url) => {
    if (url.pathname === '/status') return json(sources.status());
    if (url.pathname === '/flows') return flowReply(sources, url.searchParams);
    if (url.pathname === '/findings') return findingsReply(sources.findings, url.searchParams);
    if (url.pathname === '/apis') return apisReply(sources.catalog);
    const id = /^\/explain\/([\w.-]+)$/.exec(url.pathname)?.[1];
    return id === undefined ? others(url) : explanationReply(sources.flows, id);
  };
}

/** For an uninstall, which waits until no agent has anything in a pod. */
function departureReply(departure: DepartureState): Reply {
  if (departure.state === 'left') return { status: 200, body: 'left all pods\n' };
  const body = departure.state === 'stuck' ? `rules are left behind: ${departure.problem}` : departure.state;
  return { status: 503, body: `${body}\n` };
}

function flowReply({ flows, services }: AdminSources, parameters: URLSearchParams): Reply {
  const query = parseFlowQuery(parameters, services);
  if (!query.ok) return { status: 400, body: `${query.error}\n` };
  if (query.value.follow && flows.full) return FULL;
  return { stream: (response) => streamFlows(flows, query.value, response) };
}

/** All findings that are kept; with `follow=1`, one per line, and again whenever one changes. */
function findingsReply(findings: FindingLog, parameters: URLSearchParams): Reply {
  if (parameters.get('follow') !== '1') return json({ findings: findings.all });
  if (findings.full) return FULL;
  return { stream: (response) => streamFindings(findings, response) };
}

/** What is called of every destination. */
function apisReply({ usages, forgotten }: Catalog): Reply {
  return json({ usages, forgotten });
}

function explanationReply(flows: FlowLog, id: string): Reply {
  const record = flows.find(id);
  if (record === null) return { status: 404, body: 'no record with this id is kept\n' };
  return json({ record, explanation: explain(record) });
}

const FULL: Reply = { status: 503, body: 'as many streams are open as may be (`--max-tails`)\n' };

const json = (value: object): Reply => ({
  status: 200,
  body: `${JSON.stringify(value)}\n`,
  type: 'application/json',
});
