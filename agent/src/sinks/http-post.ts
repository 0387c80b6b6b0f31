import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Agent, type Dispatcher, request } from 'undici';
import type { Answer, Post } from './delivery.ts';

export interface HttpReceiver {
  readonly url: string;
  /** Certificates (PEM) that vouch for it; empty for the public ones that Node brings. */
  readonly caFile: string;
  /** Empty for none. Read again for every request, so that it may be exchanged. */
  readonly tokenFile: string;
  readonly gzip: boolean;
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly now: () => number;
  /** What the lines are sent as. */
  readonly body: (lines: readonly string[]) => string;
  /** How many events an answer of success says it did not take. */
  readonly refusedIn: (answer: string) => number;
}

/** Nobody's answer is longer, or of interest beyond. */
const MAX_ANSWER_BYTES = 64 << 10;
const compress = promisify(gzip);

/** Posts JSON to one receiver; redirects are not followed, since a token may be in the request. */
export function httpPost(receiver: HttpReceiver): Post {
  const pool = new Pool(receiver.caFile);
  // Paths of webhooks are secrets here and there.
  const { origin } = new URL(receiver.url);
  return async (lines, signal) => {
    try {
      const [dispatcher, headers] = await Promise.all([pool.dispatcher(), headersOf(receiver)]);
      const text = receiver.body(lines);
      const answer = await request(receiver.url, {
        method: 'POST',
        headers,
        body: receiver.gzip ? await compress(text) : text,
        dispatcher,
        signal: AbortSignal.any([signal, AbortSignal.timeout(receiver.timeoutMs)]),
      });
      return read(answer, await textOf(answer), { ...receiver, url: origin });
    } catch (error) {
      return { kind: 'later', why: `${origin}: ${messageOf(error)}`, afterMs: null };
    }
  };
}

async function headersOf({ tokenFile, gzip, userAgent }: HttpReceiver): Promise<Record<string, string>> {
  const token = tokenFile === '' ? '' : (await readFile(tokenFile, 'utf8')).trim();
  return {
    'content-type': 'application/json',
    'user-agent': userAgent,
    ...(gzip && { 'content-encoding': 'gzip' }),
    ...(token !== '' && { authorization: `Bearer ${token}` }),
  };
}

/** Connections to a receiver, made anew when the certificates that vouch for it are others. */
class Pool {
  readonly #caFile: string;
  #agent: { readonly ca: string; readonly dispatcher: Agent } | null = null;

  constructor(caFile: string) {
    this.#caFile = caFile;
  }

  async dispatcher(): Promise<Dispatcher> {
    const ca = this.#caFile === '' ? '' : await readFile(this.#caFile, 'utf8');
    if (this.#agent?.ca === ca) return this.#agent.dispatcher;
    void this.#agent?.dispatcher.close();
    const dispatcher = new Agent({ connections: 1, ...(ca !== '' && { connect: { ca } }) });
    this.#agent = { ca, dispatcher };
    return dispatcher;
  }
}

/** Read to its end, so that the connection can be used again; a longer one ends it. */
async function textOf({ body }: Dispatcher.ResponseData): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES) break;
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/** Statuses by which a server asks for patience (RFC 9110 §15.5.9, RFC 6585 §4). */
const PATIENCE: ReadonlySet<number> = new Set([408, 429]);

/**
 * Nothing is wrong with the events: a token that is being exchanged or has run out, an address that is not right (any more).
 * Dropping them would lose what somebody can still set right.
 */
const AMISS: ReadonlySet<number> = new Set([401, 403, 404, 407]);
const isLater = (status: number): boolean =>
  status >= 500 || PATIENCE.has(status) || AMISS.has(status) || (status >= 300 && status < 400);

function read(
  { statusCode, headers }: Dispatcher.ResponseData,
  text: string,
  receiver: HttpReceiver,
): Answer {
  const why = `${receiver.url} answers ${statusCode}`;
  if (statusCode < 300) return { kind: 'taken', refused: receiver.refusedIn(text) };
  if (isLater(statusCode))
    return { kind: 'later', why, afterMs: retryAfter(headers['retry-after'], receiver.now()) };
  return { kind: statusCode === 413 ? 'too-many' : 'refused', why };
}

/** RFC 9110 §10.2.3: seconds, or a date; null when it is neither. */
export function retryAfter(value: string | string[] | undefined, now: number): number | null {
  if (typeof value !== 'string') return null;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Errors of connections hide what happened in their cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return messageOf(error.errors[0]);
  return error.message;
}
