import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { err, ok, type Result } from '../kernel/result.ts';

/** An agent that is there answers at once; one that is stuck must not hang whoever looks into why. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The body of a `GET`, with its status; the error is why there was no answer. */
export async function fetchText(
  socketPath: string,
  path: string,
): Promise<Result<{ readonly status: number; readonly body: string }, string>> {
  try {
    const response = await ask(socketPath, path, AbortSignal.timeout(ANSWER_TIMEOUT_MS));
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    return ok({ status: response.statusCode ?? 0, body });
  } catch (error) {
    return err(reasonOf(error));
  }
}

/** Calls `each` for every line until the agent ends the stream or `signal` does; the error is why it broke off. */
export async function followLines(
  socketPath: string,
  path: string,
  { each, signal }: { readonly each: (line: string) => void; readonly signal: AbortSignal },
): Promise<Result<null, string>> {
  try {
    const response = await ask(socketPath, path, signal);
    if (response.statusCode !== 200) return err(await firstLine(response));
    for await (const line of createInterface({ input: response })) each(line);
    return response.complete ? ok(null) : err('the agent broke the stream off');
  } catch (error) {
    return signal.aborted ? ok(null) : err(reasonOf(error));
  }
}

function ask(socketPath: string, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, signal }, resolve).on('error', reject).end();
  });
}

async function firstLine(response: IncomingMessage): Promise<string> {
  for await (const line of createInterface({ input: response })) return line;
  return `status ${response.statusCode}`;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no agent has opened it',
  ECONNREFUSED: 'the agent behind it is not running',
  EACCES: 'it belongs to another user; try with `sudo`',
  ABORT_ERR: 'no answer in time',
};

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}
