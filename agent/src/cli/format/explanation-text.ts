import type { Explanation } from '../../admin/explanation.ts';
import { destinationName } from '../../record/destination-name.ts';
import type { FlowRecord } from '../../record/record.ts';
import type { Paint } from './colour.ts';
import { callerName } from './flow-line.ts';
import { size, visible } from './text.ts';

/** `eastwall explain <id>`: the facts of the caller's error body, and what to do about them. */
export function explanationText(
  record: FlowRecord,
  { sentence, steps, rule }: Explanation,
  paint: Paint,
): string {
  const facts = factsOf(record).map(([name, value]) => `  ${paint('dim', name.padEnd(12))}${visible(value)}`);
  const advice = steps.map((step) => `  - ${visible(step)}`);
  const sections = [`${paint('bold', record.id)}: ${visible(sentence)}`, ...facts];
  if (advice.length > 0) sections.push('', 'what to do:', ...advice);
  if (rule !== null) sections.push('', 'a rule that allows exactly this:', '', ...indented(rule, paint));
  return `${sections.join('\n')}\n`;
}

const indented = (rule: string, paint: Paint): string[] =>
  rule.split('\n').map((line) => `    ${paint('cyan', visible(line))}`);

function factsOf(record: FlowRecord): [name: string, value: string][] {
  const { caller, destination, policy, rule } = record;
  return [
    ['when', new Date(record.time).toISOString()],
    ['node', record.node],
    ['caller', caller === null ? 'unknown' : `${caller.kind} ${callerName(record)}`],
    ...facts(caller !== null, () => [
      ['pod', `${caller?.namespace}/${caller?.pod}`],
      ['account', `${caller?.namespace}/${caller?.serviceAccount}`],
    ]),
    [
      'destination',
      `${destinationName(destination, record.host)}, dialled as ${destination.ip} port ${destination.port}`,
    ],
    ...facts(record.method !== '', () => [['request', `${record.method} ${record.path}`]]),
    ...facts(record.host !== '', () => [['host', record.host]]),
    ['verdict', `${record.verdict} (${record.reason || record.outcome})`],
    ...facts(policy !== null, () => [['policy', policy ?? '']]),
    ...facts(rule !== null, () => [['rule', rule ?? '']]),
    ['outcome', record.status === 0 ? record.outcome : `${record.outcome}, status ${record.status}`],
    [
      'moved',
      `${size(record.bytesSent)} sent, ${size(record.bytesReceived)} received in ${record.durationMs.toFixed(1)}ms`,
    ],
  ];
}

const facts = (known: boolean, rows: () => [string, string][]): [string, string][] => (known ? rows() : []);
