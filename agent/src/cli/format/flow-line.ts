import { destinationName } from '../../record/destination-name.ts';
import type { FlowRecord, Outcome } from '../../record/record.ts';
import type { Colour, Paint } from './colour.ts';
import { clockTime, size, visible } from './text.ts';

interface Label {
  readonly word: string;
  readonly colour: Colour;
}

const BAD: Label = { word: 'BAD', colour: 'red' };
const FAIL: Label = { word: 'FAIL', colour: 'magenta' };
const DENY: Label = { word: 'DENY', colour: 'red' };

/** Outcomes that say more than the verdict does. */
const OUTCOME_LABELS: Partial<Record<Outcome, Label>> = {
  malformed_request: BAD,
  malformed_response: BAD,
  identity_unknown: DENY,
  upstream_unreachable: FAIL,
  upstream_reset: FAIL,
  caller_reset: FAIL,
  timeout: FAIL,
  overload: FAIL,
};

const VERDICT_LABELS: Readonly<Record<FlowRecord['verdict'], Label>> = {
  allow: { word: 'ALLOW', colour: 'green' },
  'would-deny': { word: 'AUDIT', colour: 'yellow' },
  deny: DENY,
};

/** Columns grow to what they have held, up to these, so that lines settle into a table while they stream. */
const WIDEST = { parties: 56, operation: 48 } as const;

/** One line per record for `tail`; remembers how wide its columns have become. */
export class FlowLines {
  readonly #paint: Paint;
  readonly #wide: boolean;
  readonly #widths = { parties: 32, operation: 20 };

  constructor(paint: Paint, wide = false) {
    this.#paint = paint;
    this.#wide = wide;
  }

  format(record: FlowRecord): string {
    const label = labelOf(record);
    const parts = [
      this.#paint('dim', clockTime(record.time)),
      this.#paint(label.colour, label.word.padEnd(5)),
      this.#column('parties', `${callerName(record)} → ${destinationName(record.destination, record.host)}`),
      this.#column('operation', operationOf(record)),
      `${record.status || '-'}`.padEnd(3),
      reasonOf(record),
      this.#paint('dim', record.id),
      ...(this.#wide ? wideOf(record).map((text) => this.#paint('dim', text)) : []),
    ];
    return parts.join('  ');
  }

  #column(name: keyof typeof WIDEST, text: string): string {
    const clean = visible(text);
    this.#widths[name] = Math.min(WIDEST[name], Math.max(this.#widths[name], clean.length));
    return clean.padEnd(this.#widths[name]);
  }
}

export const callerName = ({ caller }: FlowRecord): string =>
  caller === null ? 'unknown' : `${caller.namespace}/${caller.name}`;

function labelOf({ verdict, outcome }: FlowRecord): Label {
  return OUTCOME_LABELS[outcome] ?? VERDICT_LABELS[verdict];
}

/** Which pod on which node, the address that it dialled, and what that took. */
function wideOf({ node, caller, destination, durationMs, bytesSent, bytesReceived }: FlowRecord): string[] {
  const { ip, port } = destination;
  return [
    `pod ${visible(caller?.pod ?? '-')} on ${visible(node)}`,
    ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`,
    `${durationMs.toFixed(1)}ms`,
    `${size(bytesSent)} sent, ${size(bytesReceived)} received`,
  ];
}

function operationOf({ method, path, protocol, bytesSent, bytesReceived }: FlowRecord): string {
  if (method !== '') return `${method} ${path}`;
  return `${protocol} ${size(bytesSent)} sent, ${size(bytesReceived)} received`;
}

/** Why, when it is not plain; how long it took, when it is. */
function reasonOf({ verdict, outcome, reason, policy, rule, durationMs }: FlowRecord): string {
  if (verdict === 'allow' && outcome === 'ok') return `${durationMs.toFixed(1)}ms`;
  const what = outcome === 'ok' || outcome === 'denied' ? reason : `${outcome}${reasonIfTelling(reason)}`;
  return visible(`${what}${decidedBy(policy, rule)}`);
}

/** Without a policy it was a guard, and the rule is its detection. */
function decidedBy(policy: string | null, rule: string | null): string {
  if (policy === null) return rule === null ? '' : `  guard ${rule}`;
  return `  policy ${policy}${rule === null ? '' : `, rule ${rule}`}`;
}

const reasonIfTelling = (reason: string): string =>
  reason === '' || reason === 'ungoverned' ? '' : `: ${reason}`;
