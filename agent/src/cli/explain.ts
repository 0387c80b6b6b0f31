import type { Explanation } from '../admin/explanation.ts';
import type { FlowRecord } from '../record/record.ts';
import { fetchText } from './admin-client.ts';
import { explanationText } from './format/explanation-text.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface ExplainOptions {
  readonly id: string;
  readonly output: 'text' | 'json';
}

interface Explained {
  readonly record: FlowRecord;
  readonly explanation: Explanation;
}

/** `eastwall explain <id>`: whichever agent keeps the record answers. */
export async function explain(
  sockets: readonly string[],
  { id, output }: ExplainOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  if (!/^[\w.-]+$/.test(id)) {
    terminal.error(`eastwall: \`${id}\` is not a decision id; they look like \`ew-1a2b3c4d-5\`\n`);
    return EXIT.usage;
  }
  const answers = await Promise.all(sockets.map((socket) => fetchText(socket, `/explain/${id}`)));
  for (const answer of answers) {
    if (!answer.ok || answer.value.status !== 200) continue;
    const { record, explanation } = JSON.parse(answer.value.body) as Explained;
    terminal.out(
      output === 'json'
        ? `${JSON.stringify({ record, explanation }, null, 2)}\n`
        : explanationText(record, explanation, terminal.paint),
    );
    return EXIT.ok;
  }
  for (const [at, answer] of answers.entries()) {
    if (!answer.ok) terminal.error(`eastwall: agent at ${sockets[at]}: ${answer.error}\n`);
  }
  terminal.error(
    `eastwall: no record of \`${id}\`; agents keep the last ones only (\`--flow-log-records\`), and plainly allowed ones only while somebody runs \`tail --all\`\n`,
  );
  return EXIT.failed;
}
