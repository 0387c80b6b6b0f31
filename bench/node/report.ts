export interface GateFigures {
  readonly msPerBeat: number;
  /** At the default pace. */
  readonly ofACore: number;
}

export interface EnrolmentFigures {
  /** What rules are made of. */
  readonly engine: string;
  readonly oneByOneMs: readonly number[];
  readonly inBurstsMs: readonly number[];
  /** CPU of a process that does nothing else, for each namespace: looking for it, listeners, rules, telling. */
  readonly cpuMsEach: number;
  readonly gate: GateFigures | null;
}

export interface CaptureFigures {
  readonly pods: number;
  readonly nft: EnrolmentFigures;
  readonly iptables: EnrolmentFigures;
}

export interface AgentFigures {
  readonly pods: number;
  readonly policies: number;
  /** CPU as a share of one core, while nobody calls anybody. */
  readonly idle: { readonly all: number; readonly capture: number };
  readonly nextRequestMs: readonly number[];
  readonly openConnectionMs: readonly number[];
}

/** The smallest value that so many of them do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('no values');
  return value;
}

export function report(capture: CaptureFigures, agent: AgentFigures): string {
  const { nft, iptables } = capture;
  const gate = nft.gate;
  return [
    '| What | p50 | p99 | most | of |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...[nft, iptables].flatMap(({ engine, oneByOneMs, inBurstsMs }) => [
      row(`namespace mounted → rules in place, ${engine}, one after the other`, oneByOneMs),
      row(`the same, ten at once`, inBurstsMs),
    ]),
    row('policy changed → next request of a kept connection is judged by it', agent.nextRequestMs),
    row('policy changed → open connection that nobody reads is reset', agent.openConnectionMs),
    '',
    ...[nft, iptables].map(
      ({ engine, cpuMsEach }) =>
        `${cpuMsEach.toFixed(1)} ms of CPU for each namespace (${engine}, without programs that it runs).`,
    ),
    ...(gate === null
      ? []
      : [
          `Refreshing the gates of ${capture.pods} pods: ${gate.msPerBeat.toFixed(2)} ms of CPU each time, ${percent(gate.ofACore)} of a core at the default pace.`,
        ]),
    `An agent of ${agent.pods} pods and ${agent.policies} policies while nobody calls anybody: ${percent(agent.idle.all)} of a core, of which the capture thread ${percent(agent.idle.capture)}.`,
    '',
  ].join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function row(what: string, ms: readonly number[]): string {
  const figure = (share: number) => `${percentile(ms, share).toFixed(1)} ms`;
  return `| ${what} | ${figure(0.5)} | ${figure(0.99)} | ${figure(1)} | ${ms.length} |`;
}
