import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { AgentLink } from './fleet.ts';

/** The body of a `GET`, with its status; the error is why there was no answer. */
export async function fetchText(
  link: AgentLink,
  path: string,
  signal: AbortSignal,
): Promise<Result<{ readonly status: number; readonly body: string }, string>> {
  try {
    const response = await ask(link, path, { opening: signal, signal });
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += chunk;
    return ok({ status: response.statusCode ?? 0, body });
  } catch (error) {
    return err(reasonOf(error));
  }
}

export interface LineReader {
  readonly each: (line: string) => void;
  /** The agent has begun to answer. */
  readonly opened?: () => void;
  /** Ends the wait for that. */
  readonly opening: AbortSignal;
  readonly signal: AbortSignal;
}

/** Calls `each` for every line until the agent ends the stream or `signal` does; the error is why it broke off. */
export async function followLines(
  link: AgentLink,
  path: string,
  reader: LineReader,
): Promise<Result<null, string>> {
  const { each, signal } = reader;
  try {
    const response = await ask(link, path, reader);
    if (response.statusCode !== 200) return err(await firstLine(response));
    reader.opened?.();
    for await (const line of createInterface({ input: response })) each(line);
    return response.complete ? ok(null) : err('the agent broke the stream off');
  } catch (error) {
    return signal.aborted ? ok(null) : err(reasonOf(error));
  }
}

type Waiting = Pick<LineReader, 'opening' | 'signal'>;

async function ask(link: AgentLink, path: string, { opening, signal }: Waiting): Promise<IncomingMessage> {
  const connection = await link.connect(opening);
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    opening.addEventListener('abort', () => reject(opening.reason), { once: true });
    // HTTP takes any duplex stream for a socket.
    request({ path, signal, host: 'localhost', createConnection: () => connection as Socket }, resolve)
      .on('error', reject)
      .end();
  });
  response.catch(() => connection.destroy());
  return response;
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
  const { code, message, name } = error as NodeJS.ErrnoException;
  return REASONS[name === 'TimeoutError' ? 'ABORT_ERR' : (code ?? '')] ?? message;
}
