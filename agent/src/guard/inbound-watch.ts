import { canonicalPath, type OpenRequest, type Workload } from '@eastwall/policy';
import type { Parties, Reading, Refusal, RequestView, Watch, Watcher } from '../exchange/watch.ts';
import type { FoundId, IdSink } from '../inspect/id-collector.ts';
import { type ExchangeIdSink, ExchangeIds } from './exchange-ids.ts';
import type { IdGuards } from './id-watch.ts';
import type { OperationBook } from './operation-book.ts';
import type { KnownCaller } from './provenance.ts';

export interface InboundOptions {
  readonly ids: IdGuards;
  readonly operations: OperationBook;
  /** The pod that is called, as it is known now. */
  pod(): Workload;
}

/** Watches what comes to a pod: the ids in a request explain what the pod asks others for while it serves it. */
export class InboundWatcher implements Watcher {
  readonly options: InboundOptions;
  readonly parties: Parties;

  constructor(options: InboundOptions, parties: Parties) {
    this.options = options;
    this.parties = parties;
  }

  spoke(): void {}

  unspoken(): void {}

  watch(): Watch {
    return new InboundWatch(this);
  }
}

class InboundWatch implements Watch, ExchangeIdSink, IdSink {
  requestReading: Reading = 'nothing';
  readonly #watcher: InboundWatcher;
  readonly #ids: ExchangeIds;
  #caller: KnownCaller | null = null;
  #request: OpenRequest | null = null;

  constructor(watcher: InboundWatcher) {
    this.#watcher = watcher;
    this.#ids = new ExchangeIds(watcher.options.ids.reader, this);
  }

  request(view: RequestView): null {
    const { options, parties } = this.#watcher;
    const { enumeration, reader } = options.ids;
    const now = enumeration.monotonic();
    const pod = options.pod();
    this.#caller = enumeration.provenance.of(pod, now).caller;
    this.#caller.filter.advance(now);
    this.#request = this.#caller.filter.openInbound(now);
    const path = canonicalPath(view.path);
    const { learner } = options.operations.at(parties.destination, view.host);
    const operation = path === null ? null : learner.resolve(view.method, path);
    this.#ids.request(view, reader.about(operation), pod.uid);
    // Who calls it is mostly on other nodes, so that what its paths mean may not be known here.
    if (operation === null) reader.readLocation(view.path, this);
    this.requestReading =
      view.contentType() !== '' && this.#ids.wantsRequestBody(view) ? 'stream' : 'nothing';
    return null;
  }

  unread(): null {
    return null;
  }

  requestBody(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#ids.requestBody(bytes, start, end);
  }

  requestBodyEnd(complete: boolean): Refusal | null {
    this.#ids.requestBodyEnd(complete);
    return null;
  }

  response(): 'nothing' {
    return 'nothing';
  }

  responseBody(): void {}

  end(): void {
    this.#ids.end(false);
    if (this.#request !== null) this.#caller?.filter.closeInbound(this.#request);
    this.#request = null;
  }

  requested(id: FoundId): void {
    this.take(id);
  }

  received(): void {}

  /** What its path leads to. */
  take({ h1, h2 }: FoundId): void {
    if (this.#request !== null) this.#caller?.filter.showInbound(this.#request, h1, h2);
  }
}
