import type { FieldList } from '../h2/field-list.ts';
import type { RequestHead } from '../h2/request-head.ts';
import type { Exchange } from './exchange.ts';
import type { RequestView, ResponseView } from './watch.ts';

/** A stream's request head over the decoded list it was read from. */
export class Http2RequestView implements RequestView {
  private readonly head: RequestHead;
  private readonly exchange: Exchange;

  constructor(head: RequestHead, exchange: Exchange) {
    this.head = head;
    this.exchange = exchange;
  }

  get method(): string {
    return this.exchange.method;
  }

  get path(): string {
    return this.exchange.path;
  }

  get host(): string {
    return this.exchange.host;
  }

  query(): string {
    return this.head.path.slice(this.exchange.path.length + 1);
  }

  authorization(): string {
    return this.text('authorization');
  }

  cookie(): string {
    return this.head.fields.all('cookie').join('; ');
  }

  apiKey(): string {
    return this.text('x-api-key');
  }

  contentType(): string {
    return this.text('content-type');
  }

  contentEncoding(): string {
    return this.text('content-encoding');
  }

  /** For the record; no guard asks. */
  traceparent(): string {
    return this.text('traceparent');
  }

  private text(name: string): string {
    return this.head.fields.value(name) ?? '';
  }
}

/** As `Http2RequestView`, of a response. */
export class Http2ResponseView implements ResponseView {
  readonly status: number;
  private readonly fields: FieldList;

  constructor(status: number, fields: FieldList) {
    this.status = status;
    this.fields = fields;
  }

  contentType(): string {
    return this.text('content-type');
  }

  contentEncoding(): string {
    return this.text('content-encoding');
  }

  location(): string {
    return this.text('location');
  }

  deprecation(): string {
    return this.text('deprecation');
  }

  sunset(): string {
    return this.text('sunset');
  }

  private text(name: string): string {
    return this.fields.value(name) ?? '';
  }
}
