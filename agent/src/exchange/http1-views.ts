import { SHOWN, type Shown, shownText } from '../http/fields.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { ResponseHead } from '../http/response-head.ts';
import { ascii } from '../kernel/bytes.ts';
import type { Exchange } from './exchange.ts';
import type { RequestView, ResponseView } from './watch.ts';

const NO_BYTES = new Uint8Array(0);

/** A request head over the bytes it was read from; one object serves a whole connection. */
export class Http1RequestView implements RequestView {
  private bytes: Uint8Array = NO_BYTES;
  private readonly head: RequestHead;
  private readonly exchange: Exchange;

  constructor(head: RequestHead, exchange: Exchange) {
    this.head = head;
    this.exchange = exchange;
  }

  over(bytes: Uint8Array): this {
    this.bytes = bytes;
    return this;
  }

  get method(): string {
    return this.head.method;
  }

  get path(): string {
    return this.head.path;
  }

  get host(): string {
    return this.exchange.host;
  }

  query(): string {
    // Cutting nothing out costs as much as cutting something out.
    if (this.head.queryStart === this.head.queryEnd) return '';
    return ascii(this.bytes, this.head.queryStart, this.head.queryEnd);
  }

  authorization(): string {
    return this.text(SHOWN.authorization);
  }

  cookie(): string {
    return this.text(SHOWN.cookie);
  }

  apiKey(): string {
    return this.text(SHOWN['x-api-key']);
  }

  contentType(): string {
    return this.text(SHOWN['content-type']);
  }

  contentEncoding(): string {
    return this.text(SHOWN['content-encoding']);
  }

  /** For the record; no guard asks. */
  traceparent(): string {
    return this.text(SHOWN.traceparent);
  }

  private text(field: Shown): string {
    return shownText(this.bytes, this.head, field);
  }
}

/** As `Http1RequestView`, of a response. */
export class Http1ResponseView implements ResponseView {
  private bytes: Uint8Array = NO_BYTES;
  private readonly head: ResponseHead;
  /** The responses of a connection are mostly of one type. */
  private type = '';

  constructor(head: ResponseHead) {
    this.head = head;
  }

  over(bytes: Uint8Array): this {
    this.bytes = bytes;
    return this;
  }

  get status(): number {
    return this.head.status;
  }

  contentType(): string {
    this.type = shownText(this.bytes, this.head, SHOWN['content-type'], this.type);
    return this.type;
  }

  contentEncoding(): string {
    return this.text(SHOWN['content-encoding']);
  }

  location(): string {
    return this.text(SHOWN.location);
  }

  deprecation(): string {
    return this.text(SHOWN.deprecation);
  }

  sunset(): string {
    return this.text(SHOWN.sunset);
  }

  private text(field: Shown): string {
    return shownText(this.bytes, this.head, field);
  }
}
