import { Buffer } from 'node:buffer';
import type { Decision } from '@eastwall/policy';
import type {
  Reading,
  Refusal,
  RequestView,
  ResponseView,
  Spoken,
  Watch,
  Watcher,
} from '../src/exchange/watch.ts';

export interface WatchOptions {
  readonly request?: (view: RequestView) => Refusal | null;
  readonly unread?: (decision: Decision) => Decision | null;
  readonly reading?: Reading;
  /** Whether so much content is enough. */
  readonly enough?: (content: string) => boolean;
  readonly bodyEnd?: (content: string, complete: boolean) => Refusal | null;
  readonly responseReading?: 'nothing' | 'stream';
}

export const REFUSAL: Refusal = {
  decision: { verdict: 'deny', reason: 'rate_limited', policy: 'shop/p', rule: 'r' },
  status: 429,
  retryAfterSeconds: 7,
  headers: [['ratelimit', '"p";r=0;t=7']],
};

/** Notes what guards are shown, one line per event; content is joined, since how it is cut is not the contract. */
export class RecordingWatcher implements Watcher {
  readonly seen: string[] = [];
  readonly spoken: Spoken[] = [];
  private watches = 0;
  private readonly options: WatchOptions;

  constructor(options: WatchOptions = {}) {
    this.options = options;
  }

  spoke(spoken: Spoken): void {
    this.spoken.push(spoken);
  }

  unspoken(): void {}

  watch(): Watch {
    const { options } = this;
    const number = ++this.watches;
    const note = (line: string) => this.seen.push(`${number} ${line}`);
    let request = '';
    let response = '';
    const flush = () => {
      if (request !== '') note(`sent ${request}`);
      if (response !== '') note(`received ${response}`);
      request = '';
      response = '';
    };
    return {
      requestReading: options.reading ?? 'nothing',
      request(view, decision) {
        note(`request ${describeRequest(view)} ${decision.reason}`);
        return options.request?.(view) ?? null;
      },
      unread(decision) {
        note(`unread ${decision.reason}`);
        return options.unread?.(decision) ?? null;
      },
      requestBody(bytes, start, end) {
        request += text(bytes, start, end);
        return options.enough?.(request) ?? false;
      },
      requestBodyEnd(complete) {
        const content = request;
        flush();
        note(complete ? 'all read' : 'not all read');
        return options.bodyEnd?.(content, complete) ?? null;
      },
      response(view) {
        note(`response ${describeResponse(view)}`);
        return options.responseReading ?? 'nothing';
      },
      responseBody(bytes, start, end) {
        response += text(bytes, start, end);
      },
      end(exchange) {
        flush();
        note(`end ${exchange.outcome} ${exchange.status}`);
      },
    };
  }
}

const text = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes.subarray(start, end)).toString('latin1');

/** Absent fields are left out. */
const fields = (all: Readonly<Record<string, string>>): string =>
  Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');

function describeRequest(view: RequestView): string {
  return `${view.method} ${view.host}${view.path}${fields({
    query: view.query(),
    authorization: view.authorization(),
    cookie: view.cookie(),
    apiKey: view.apiKey(),
    contentType: view.contentType(),
    contentEncoding: view.contentEncoding(),
  })}`;
}

function describeResponse(view: ResponseView): string {
  return `${view.status}${fields({
    contentType: view.contentType(),
    contentEncoding: view.contentEncoding(),
    location: view.location(),
    deprecation: view.deprecation(),
    sunset: view.sunset(),
  })}`;
}
