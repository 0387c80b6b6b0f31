import { Buffer } from 'node:buffer';
import { Agent, createServer, type IncomingMessage, request as nodeRequest } from 'node:http';
import { Duplex } from 'node:stream';

/** What Node's HTTP parser (llhttp) makes of bytes, for comparing with ours. */

export interface ParsedRequest {
  readonly method: string;
  readonly url: string;
  /** Latin-1. */
  body: string;
  complete: boolean;
}

export interface ParsedResponse {
  readonly status: number;
  readonly body: string;
  /** It ended where its head said, or with the connection when its head said nothing. */
  readonly complete: boolean;
  /** Bytes were left over, or the parser gave up. */
  readonly failed: boolean;
}

/** The far end of a connection that swallows what is written and says what it is told to. */
class Wire extends Duplex {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }

  /** What Node asks of a socket and a stream can't do. */
  setKeepAlive(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  say(text: string): void {
    if (text !== '') this.push(Buffer.from(text, 'latin1'));
  }

  /** When all that was said has been taken in and answered. */
  settled(): Promise<void> {
    return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
}

/** The requests in a stream of bytes that ends after them, as a server sees them; `failed` when it refuses the rest. */
export async function requestsByNode(
  text: string,
): Promise<{ readonly requests: readonly ParsedRequest[]; readonly failed: boolean }> {
  const requests: ParsedRequest[] = [];
  let failed = false;
  const note = (message: IncomingMessage): void => {
    const parsed = { method: message.method ?? '', url: message.url ?? '', body: '', complete: false };
    requests.push(parsed);
    message.on('data', (part: Buffer) => {
      parsed.body += part.toString('latin1');
    });
    message.on('end', () => {
      parsed.complete = message.complete;
    });
    message.on('error', () => {});
  };
  const server = createServer((message, response) => {
    note(message);
    response.end();
  });
  // Otherwise Node answers some expectations itself, and the request is not seen.
  for (const event of ['checkContinue', 'checkExpectation'] as const)
    server.on(event, (message, response) => {
      note(message);
      response.end();
    });
  server.on('clientError', (_error, wire) => {
    failed = true;
    wire.destroy();
  });
  const wire = new Wire();
  const over = new Promise<void>((resolve) => {
    wire.on('close', resolve);
    wire.on('finish', resolve);
  });
  server.emit('connection', wire);
  wire.say(text);
  wire.push(null);
  await over;
  wire.destroy();
  return { requests, failed };
}

/** The final response in bytes that answer a request of this method, as a client sees it; null when it sees none. */
export async function responseByNode(
  method: string,
  text: string,
  { closed }: { readonly closed: boolean },
): Promise<ParsedResponse | null> {
  const wire = new Wire();
  const agent = new Agent({ keepAlive: true });
  agent.createConnection = () => wire;
  let body = '';
  let failed = false;
  let seen: IncomingMessage | null = null;
  const asked = nodeRequest({ method, agent, path: '/' });
  asked.on('error', () => {
    failed = true;
  });
  asked.on('response', (response) => {
    seen = response;
    response.on('data', (part: Buffer) => {
      body += part.toString('latin1');
    });
    response.on('error', () => {
      failed = true;
    });
  });
  asked.end();
  await wire.settled();
  wire.say(text);
  await wire.settled();
  // A client that is content keeps the connection; one that found bytes it did not expect has destroyed it.
  const complete = () => (seen as IncomingMessage | null)?.complete === true;
  if (!closed && wire.destroyed) failed = true;
  if (closed) wire.push(null);
  await wire.settled();
  const response = seen as IncomingMessage | null;
  const parsed =
    response === null ? null : { status: response.statusCode ?? 0, body, complete: complete(), failed };
  wire.destroy();
  agent.destroy();
  return parsed;
}
