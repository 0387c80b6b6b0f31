import { DETECTIONS, type Severity } from '@eastwall/policy';
import type { Finding } from '../../record/finding.ts';
import { chart } from './chart.ts';
import type { Colour, Paint } from './colour.ts';
import { expectationLines } from './expectation.ts';
import { type Cell, table } from './table.ts';
import { age, visible } from './text.ts';

export interface FindingStyle {
  readonly paint: Paint;
  readonly wide: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of the terminal. */
  readonly columns: number;
}

const COLOURS: Readonly<Record<Severity, Colour>> = {
  info: 'dim',
  low: 'cyan',
  medium: 'yellow',
  high: 'red',
  critical: 'magenta',
};

const HEADER = [
  'LAST',
  'SEVERITY',
  'DETECTION',
  'CALLER',
  'DESTINATION',
  'OPERATION',
  'COUNT',
  'STATE',
  'ID',
];

/** `eastwall findings`: one line each, the newest sign first. */
export function findingsTable(findings: readonly Finding[], style: FindingStyle): string {
  if (findings.length === 0) return 'no findings\n';
  const rows = [...findings]
    .sort((a, b) => b.lastSeen - a.lastSeen)
    .map((finding) => [...rowOf(finding, style), ...(style.wide ? [visible(finding.explanation)] : [])]);
  return table(style.wide ? [...HEADER, 'EXPLANATION'] : HEADER, rows);
}

/** `eastwall findings -w`: one line whenever a finding begins, grows or is resolved. */
export function findingLine(finding: Finding, style: FindingStyle): string {
  const [, severity, ...cells] = rowOf(finding, style);
  const texts = [severity, ...cells].map((cell) => (typeof cell === 'string' ? cell : (cell?.shown ?? '')));
  return `${texts.join('  ')}  ${visible(finding.explanation)}\n`;
}

/** `eastwall findings show <id>`: what was seen, its picture, what it means and what to do. */
export function findingText(finding: Finding, { paint, now, columns }: FindingStyle): string {
  const { title, meaning, advice, owasp, techniques } = DETECTIONS[finding.detection];
  const facts = factsOf(finding, now).map(
    ([name, value]) => `  ${paint('dim', name.padEnd(12))}${visible(value)}`,
  );
  const evidence = Object.entries(finding.evidence).map(
    ([name, value]) => `  ${paint('dim', `${visible(name)}:`)} ${visible(`${value}`)}`,
  );
  const frameworks = [...owasp.map((item) => `OWASP ${item}`), ...techniques.map(frameworkOf)];
  const expectation = expectationLines(finding);
  const picture = finding.sequence === undefined ? [] : ['', ...chart(finding.sequence, paint, columns)];
  return [
    `${paint('bold', finding.id)}: ${visible(finding.explanation)}`,
    ...facts,
    ...picture,
    ...(evidence.length > 0 ? ['', 'evidence:', ...evidence] : []),
    '',
    `${paint('bold', finding.detection)}: ${title}`,
    `  ${meaning}`,
    `  ${paint('dim', 'do:')} ${advice}`,
    ...(frameworks.length === 0 ? [] : [`  ${paint('dim', 'see:')} ${frameworks.join(', ')}`]),
    ...(expectation.length === 0 ? [] : ['', ...expectation.map((line) => visible(line))]),
    '',
  ].join('\n');
}

const frameworkOf = (technique: string): string =>
  technique.startsWith('AML') ? `ATLAS ${technique}` : `ATT&CK ${technique}`;

const callerOf = ({ caller }: Finding): string => `${caller.namespace}/${caller.name}`;

const stateOf = ({ state, action }: Finding): string => (action === 'log' ? state : `${state}, ${action}`);

function rowOf(finding: Finding, { paint, now }: FindingStyle): (Cell | string)[] {
  const { severity } = finding;
  return [
    age(now - finding.lastSeen),
    { text: severity, shown: paint(COLOURS[severity], severity) },
    finding.detection,
    visible(callerOf(finding)),
    visible(finding.destination),
    visible(finding.operation || '-'),
    `${finding.count}`,
    stateOf(finding),
    finding.id,
  ];
}

function factsOf(finding: Finding, now: number): [name: string, value: string][] {
  const { caller } = finding;
  return [
    ['severity', finding.severity],
    ['state', stateOf(finding)],
    ['caller', `${caller.kind} ${callerOf(finding)}`],
    ['pod', `${caller.namespace}/${caller.pod}`],
    ['account', `${caller.namespace}/${caller.serviceAccount}`],
    ['destination', finding.destination],
    ...(finding.operation === '' ? [] : [['operation', finding.operation] as [string, string]]),
    ['node', finding.node],
    ['first seen', `${new Date(finding.firstSeen).toISOString()} (${age(now - finding.firstSeen)} ago)`],
    ['last seen', `${new Date(finding.lastSeen).toISOString()} (${age(now - finding.lastSeen)} ago)`],
    ['signs', `${finding.count}`],
    ...(finding.decisionId === ''
      ? []
      : [
          ['exchange', `${finding.decisionId} (\`eastwall explain ${finding.decisionId}\`)`] as [
            string,
            string,
          ],
        ]),
  ];
}
