import { parseLabelSelector } from '../kernel/label-selector.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { type FlowFilter, parseParty } from '../sinks/flow-filter.ts';

export interface FlowQuery {
  readonly filter: FlowFilter;
  /** Kept records from then on, in milliseconds since the epoch, come first; null for new ones only. */
  readonly since: number | null;
  /** False: end after the kept records. */
  readonly follow: boolean;
}

const KNOWN = new Set(['all', 'namespace', 'from', 'fromLabels', 'to', 'since', 'follow']);

/** Reads the parameters of `GET /flows`; the error says which one is wrong. */
export function parseFlowQuery(parameters: URLSearchParams): Result<FlowQuery, string> {
  const unknown = [...parameters.keys()].find((name) => !KNOWN.has(name));
  if (unknown !== undefined) return err(`unknown parameter \`${unknown}\``);
  const since = parameters.get('since');
  if (since !== null && !/^\d{1,15}$/.test(since)) {
    return err(`since=${since} (not a time in milliseconds since the epoch)`);
  }
  const fromLabels = parseLabelSelector(parameters.get('fromLabels') ?? '');
  if (!fromLabels.ok) return err(`fromLabels: ${fromLabels.error}`);
  const party = (name: string) => {
    const text = parameters.get(name);
    return text === null || text === '' ? null : parseParty(text);
  };
  return ok({
    filter: {
      all: parameters.get('all') === '1',
      namespace: parameters.get('namespace') || null,
      from: party('from'),
      fromLabels: parameters.get('fromLabels') ? fromLabels.value : null,
      to: party('to'),
    },
    since: since === null ? null : Number(since),
    follow: parameters.get('follow') !== '0',
  });
}
