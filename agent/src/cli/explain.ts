import type { Explanation } from '../admin/explanation.ts';
import { err, ok } from '../kernel/result.ts';
import type { FlowRecord } from '../record/record.ts';
import { fetchText } from './fleet/admin-client.ts';
import { eachAgent, refusalOf, understood } from './fleet/ask-agents.ts';
import type { Asking } from './fleet/fleet.ts';
import { explanationText } from './format/explanation-text.ts';
import { asData, type DataFormat } from './output.ts';
import { EXIT, type ExitCode, type Terminal } from './terminal.ts';

export interface ExplainOptions {
  readonly id: string;
  readonly output?: DataFormat;
}

interface Explained {
  readonly record: FlowRecord;
  readonly explanation: Explanation;
}

/** `eastwall explain <id>`: whichever agent keeps the record answers. */
export async function explain(asking: Asking, { id, output }: ExplainOptions): Promise<ExitCode> {
  const { terminal } = asking;
  if (!/^[\w.-]+$/.test(id)) {
    terminal.error(`eastwall: \`${id}\` is not a decision id; they look like \`ew-1a2b3c4d-5\`\n`);
    return EXIT.usage;
  }
  const { answers } = await eachAgent<Explained | null>(asking, async (link, signal) => {
    const answer = await fetchText(link, `/explain/${id}`, signal);
    if (!answer.ok) return answer;
    const { status, body } = answer.value;
    if (status === 404) return ok(null);
    if (status !== 200) return err(refusalOf(answer.value));
    return understood<Explained>(body, (told) => textOf(told, terminal));
  });
  const found = answers.find((answer) => answer !== null);
  if (found !== undefined) {
    const { record, explanation } = found;
    terminal.out((await asData({ record, explanation }, output)) ?? textOf(found, terminal));
    return EXIT.ok;
  }
  if (answers.length > 0)
    terminal.error(
      `eastwall: no record of \`${id}\`; agents keep the last ones only (\`--flow-log-records\`), and plainly allowed ones only while somebody runs \`tail --all\`\n`,
    );
  return EXIT.failed;
}

const textOf = ({ record, explanation }: Explained, { paint }: Terminal): string =>
  explanationText(record, explanation, paint);
