import type { Decision, GuardAction, GuardSettings, Operation, ShownMessage, Tier } from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import type { Parties, Reading, RequestView, ResponseView } from '../exchange/watch.ts';
import type { FoundId } from '../inspect/id-collector.ts';
import { AskedIds, type AskedPlace } from './asked-ids.ts';
import { actionFor, batchSight, type EnumerationGuard, enumerationSight } from './enumeration.ts';
import { type ExchangeIdSink, ExchangeIds } from './exchange-ids.ts';
import type { IdReader } from './id-reader.ts';
import type { PollutionGuard } from './pollution.ts';
import type { Sight } from './sight.ts';

export interface IdGuards {
  readonly enumeration: EnumerationGuard;
  readonly reader: IdReader;
  readonly pollution: PollutionGuard;
}

/** What the ids of a request are judged by. */
export interface IdAsking {
  readonly view: RequestView;
  readonly parties: Parties;
  /** In whose name, where that is known. */
  readonly principal: string | null;
  readonly place: AskedPlace;
  readonly operation: Operation | null;
  readonly settings: GuardSettings;
  readonly decision: Decision;
}

/** A sight, and what it is worth doing at most. */
export interface Judgement {
  readonly sight: Sight;
  readonly action: GuardAction;
}

/** Follows the ids of one exchange after the other: what is asked for is judged, what is shown explains later. */
export class IdWatch implements ExchangeIdSink {
  /** What is wanted of the request's body. */
  reading: Reading = 'nothing';
  readonly #guards: IdGuards;
  readonly #ids: ExchangeIds;
  readonly #asked: AskedIds;
  readonly #message: ShownMessage = { source: 'response', ids: 0 };
  #wanted: GuardAction = 'Off';
  #polluted: GuardAction = 'Off';
  #batched: GuardAction = 'Off';
  #operation = 0;
  /** The tier that something was done about already. */
  #judged: Tier = 'quiet';

  constructor(guards: IdGuards) {
    this.#guards = guards;
    this.#ids = new ExchangeIds(guards.reader, this);
    this.#asked = new AskedIds(guards.enumeration);
  }

  /** Reads the target, and says what is to be done about the ids in it. */
  request(asking: IdAsking): Judgement | null {
    const { view, parties, settings, decision } = asking;
    const { enumeration, reader } = this.#guards;
    const operation = reader.about(asking.operation);
    this.#wanted = wantedAction(settings, decision);
    this.#polluted = settings.actions['parameter-pollution'];
    this.#batched = settings.actions['undeclared-batch'];
    this.#operation = operation.number;
    this.#message.source = view.method === 'GET' || view.method === 'HEAD' ? 'response' : 'own-write';
    this.#message.ids = 0;
    this.#asked.begin({
      caller: parties.caller,
      principal: asking.principal,
      place: asking.place,
      operation: operation.key,
      settings,
      contract: enumeration.contractOf(parties, view),
    });
    this.#ids.request(view, operation, parties.caller.uid);
    this.reading = this.#readingOf(view);
    return this.#judge() ?? (this.reading === 'nothing' ? this.#judgeRest() : null);
  }

  requestBody(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#ids.requestBody(bytes, start, end);
  }

  requestBodyEnd(complete: boolean): Judgement | null {
    this.#ids.requestBodyEnd(complete);
    const judgement = this.#asked.tier === this.#judged ? null : this.#judge();
    return judgement ?? this.#judgeRest();
  }

  response(view: ResponseView): 'nothing' | 'stream' {
    this.#asked.answered(view.status);
    return this.#ids.response(view) ? 'stream' : 'nothing';
  }

  responseBody(bytes: Uint8Array, start: number, end: number): void {
    this.#ids.responseBody(bytes, start, end);
  }

  end(exchange: Exchange): void {
    this.#ids.end(exchange.outcome === 'ok');
    exchange.shape = this.#ids.shape;
    exchange.operationName = this.#ids.operationName;
    // Of the next one, another guard may have said what there is to say before this one is asked.
    this.#ids.shape = 0;
    this.#ids.operationName = '';
  }

  requested(id: FoundId): void {
    this.#asked.add(id);
  }

  received(id: FoundId): void {
    this.#asked.caller?.filter.show(this.#message, id, this.#asked.now);
  }

  /** A body is only held back where something may be done about what is in it. */
  #readingOf(view: RequestView): Reading {
    if (view.contentType() === '' || !this.#ids.wantsRequestBody(view)) return 'nothing';
    return refuses(this.#wanted) || refuses(this.#polluted) ? 'whole' : 'stream';
  }

  /** Once all ids of the request were seen. */
  #judgeRest(): Judgement | null {
    const { batch } = this.#asked;
    if (batch !== null) return { sight: batchSight(batch), action: this.#batched };
    const sight = this.#guards.pollution.see(this.#operation, this.#ids.pollution);
    return sight === null ? null : { sight, action: this.#polluted };
  }

  #judge(): Judgement | null {
    const { tier, evidence } = this.#asked;
    this.#judged = tier;
    const action = actionFor(tier, this.#wanted);
    if (action === 'Off' || evidence === null) return null;
    return { sight: enumerationSight(evidence, this.#asked), action };
  }
}

const refuses = (action: GuardAction): boolean => action !== 'Off' && action !== 'Log';

/** The rule that allows a request knows better than the caller's profile. */
function wantedAction({ actions }: GuardSettings, { enumeration }: Decision): GuardAction {
  return enumeration?.action ?? actions['object-enumeration'];
}
