import { err, ok, type Result } from '../../kernel/result.ts';
import { EXIT, type ExitCode } from '../terminal.ts';
import { fetchText } from './admin-client.ts';
import { type AgentLink, type Asking, Complaints, within } from './fleet.ts';

/** What a fleet has answered. */
export interface Answers<Answer> {
  readonly answers: readonly Answer[];
  /** Agents that did not answer, which the terminal has been told. */
  readonly missing: readonly { readonly agent: string; readonly problem: string }[];
}

/** So many are asked at a time: each is a connection through the API server. */
const AT_ONCE = 16;

/**
 * What each agent answers at `path`, parsed. `use` does with it what will be done with all: where it throws, that agent's
 * answer is of no use, and the others' are shown all the same.
 */
export function askAgents<Body>(
  asking: Asking,
  path: string,
  use: (body: Body) => unknown,
): Promise<Answers<Body>> {
  return eachAgent(asking, async (link, signal) => {
    const answer = await fetchText(link, path, signal);
    if (!answer.ok) return answer;
    const { status, body } = answer.value;
    return status === 200 ? understood(body, use) : err(refusalOf(answer.value));
  });
}

/** In one line: what stands between may answer with a page, or with nothing. */
export const refusalOf = ({ status, body }: { readonly status: number; readonly body: string }): string =>
  body.trim().split('\n', 1)[0] || `it answers ${status}`;

export function understood<Body>(text: string, use: (body: Body) => unknown): Result<Body, string> {
  try {
    const body = JSON.parse(text) as Body;
    use(body);
    return ok(body);
  } catch {
    return err('its answer is not understood; is it an agent, and of another version?');
  }
}

/** The order of the answers is that of the agents, whichever is first. */
export async function eachAgent<Answer>(
  { fleet, terminal, signal, timeoutMs }: Asking,
  visit: (link: AgentLink, signal: AbortSignal) => Promise<Result<Answer, string>>,
): Promise<Answers<Answer>> {
  const found = await fleet.find(within(timeoutMs, signal));
  if (!found.ok) {
    terminal.error(`eastwall: ${found.error}\n`);
    return { answers: [], missing: [] };
  }
  const links = found.value;
  const results: Result<Answer, string>[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    for (let at = next++; at < links.length; at = next++) {
      const link = links[at];
      if (link === undefined) return;
      terminal.progress(`asking agents: ${done} of ${links.length} have answered`);
      results[at] = await visit(link, within(timeoutMs, signal));
      done++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  terminal.progress(null);
  const complaints = new Complaints(terminal);
  return sortOut(links, results, (link, problem) => complaints.about(link, problem));
}

function sortOut<Answer>(
  links: readonly AgentLink[],
  results: readonly Result<Answer, string>[],
  tell: (link: AgentLink, problem: string) => void,
): Answers<Answer> {
  const answers: Answer[] = [];
  const missing: { agent: string; problem: string }[] = [];
  for (const [at, link] of links.entries()) {
    const result = results[at];
    if (result?.ok) answers.push(result.value);
    else if (!link.leaving) {
      const problem = result?.error ?? 'was not asked';
      tell(link, problem);
      missing.push({ agent: link.name, problem });
    }
  }
  return { answers, missing };
}

/** What a command ends with that shows what it has got. */
export function exitOf({ answers, missing }: Answers<unknown>): ExitCode {
  if (answers.length === 0) return EXIT.failed;
  return missing.length === 0 ? EXIT.ok : EXIT.partial;
}
