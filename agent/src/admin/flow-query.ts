import type { ServiceLabels } from '../identity/service-labels.ts';
import { type LabelMatcher, parseLabelSelector } from '../kernel/label-selector.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { type FlowFilter, parseParty } from '../sinks/flow-filter.ts';

export interface FlowQuery {
  readonly filter: FlowFilter;
  /** Kept records from then on, in milliseconds since the epoch, come first; null for new ones only. */
  readonly since: number | null;
  /** False: end after the kept records. */
  readonly follow: boolean;
}

const KNOWN = new Set(['all', 'namespace', 'from', 'fromLabels', 'to', 'toLabels', 'since', 'follow']);

/** Reads the parameters of `GET /flows`; the error says which one is wrong. */
export function parseFlowQuery(
  parameters: URLSearchParams,
  services: Pick<ServiceLabels, 'some'>,
): Result<FlowQuery, string> {
  const unknown = [...parameters.keys()].find((name) => !KNOWN.has(name));
  if (unknown !== undefined) return err(`unknown parameter \`${unknown}\``);
  const since = parameters.get('since');
  if (since !== null && !/^\d{1,15}$/.test(since)) {
    return err(`since=${since} (not a time in milliseconds since the epoch)`);
  }
  const fromLabels = selector(parameters, 'fromLabels');
  if (!fromLabels.ok) return fromLabels;
  const toLabels = selector(parameters, 'toLabels');
  if (!toLabels.ok) return toLabels;
  const party = (name: string) => {
    const text = parameters.get(name);
    return text === null || text === '' ? null : parseParty(text);
  };
  return ok({
    filter: {
      all: parameters.get('all') === '1',
      namespace: parameters.get('namespace') || null,
      from: party('from'),
      fromLabels: fromLabels.value,
      to: party('to'),
      toLabels: matching(toLabels.value, services),
    },
    since: since === null ? null : Number(since),
    follow: parameters.get('follow') !== '0',
  });
}

/** Null when nothing is asked for. */
function selector(parameters: URLSearchParams, name: string): Result<LabelMatcher | null, string> {
  const text = parameters.get(name);
  if (!text) return ok(null);
  const parsed = parseLabelSelector(text);
  return parsed.ok ? parsed : err(`${name}: ${parsed.error}`);
}

const matching = (
  matches: LabelMatcher | null,
  services: Pick<ServiceLabels, 'some'>,
): FlowFilter['toLabels'] => (matches === null ? null : (refs) => services.some(refs, matches));
