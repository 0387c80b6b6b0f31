import { DEFAULT_GUARDS, type Decision, type GuardAction, type Operation } from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import type { Reading, Refusal, RequestView, ResponseView, Watch } from '../exchange/watch.ts';
import { destinationName } from '../record/destination-name.ts';
import type { ConnectionWatcher } from './connection-watcher.ts';
import { type IdAsking, IdWatch, type Judgement } from './id-watch.ts';
import { limitAnswer } from './limit-answer.ts';
import { Holding } from './limits.ts';
import { operationName } from './operation-name.ts';
import type { Sight } from './sight.ts';

/** The operation of whoever shows none. */
const UNREAD = 'unread';

/**
 * What guards see of one exchange after the other. They are asked in the order in which their answers count: whoever is
 * refused for what it is must not use up what it may do.
 */
export class ExchangeWatch implements Watch {
  requestReading: Reading = 'nothing';
  readonly #connection: ConnectionWatcher;
  readonly #holding = new Holding();
  readonly #ids: IdWatch;
  #settings = DEFAULT_GUARDS;
  // Of the current request:
  #host = '';
  /** Null while it is not known. */
  #operation: Operation | null = null;

  constructor(connection: ConnectionWatcher) {
    this.#connection = connection;
    this.#ids = new IdWatch(connection.guards.ids);
  }

  request(view: RequestView, decision: Decision, now: number): Refusal | null {
    const { guards, parties } = this.#connection;
    this.#settings = guards.settingsFor(parties.caller);
    this.#host = view.host;
    const place = guards.operations.at(parties.destination, view.host);
    this.#operation = place.resolve(view.method, view.path);
    this.requestReading = 'nothing';
    return (
      this.#respond(this.#connection.checkParties(view), now) ??
      this.#respond(guards.adminEndpoints.check(parties.caller, view.path, this.#settings), now) ??
      this.#enumeration({ view, place, decision }, now) ??
      this.#limit(view, decision, now)
    );
  }

  unread(decision: Decision, now: number): Decision | null {
    const { guards, parties } = this.#connection;
    this.#settings = guards.settingsFor(parties.caller);
    this.#host = parties.destination.ip;
    this.#operation = null;
    const refusal = this.#respond(this.#connection.checkDestination(), now);
    if (refusal !== null) return refusal.decision;
    const request = { caller: parties.caller, principal: null, operation: UNREAD };
    return guards.limits.admit(decision, request, this.#holding, now)?.decision ?? null;
  }

  requestBody(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#ids.requestBody(bytes, start, end);
  }

  requestBodyEnd(complete: boolean, now: number): Refusal | null {
    return this.#judge(this.#ids.requestBodyEnd(complete), now);
  }

  response(view: ResponseView): 'nothing' | 'stream' {
    return this.#ids.response(view);
  }

  responseBody(bytes: Uint8Array, start: number, end: number): void {
    this.#ids.responseBody(bytes, start, end);
  }

  end(exchange: Exchange): void {
    this.#ids.end(exchange);
    exchange.operation = this.#operation;
    this.#holding.release();
  }

  /** What it asks for by ids: those in the target at once, those in the body when it was seen. */
  #enumeration(asked: Pick<IdAsking, 'view' | 'place' | 'decision'>, now: number): Refusal | null {
    const { view, place, decision } = asked;
    const { parties } = this.#connection;
    const principal = this.#connection.principal(view);
    const operation = this.#operation;
    const settings = this.#settings;
    const asking = { view, parties, principal, place, operation, settings, decision };
    const refusal = this.#judge(this.#ids.request(asking), now);
    this.requestReading = this.#ids.reading;
    return refusal;
  }

  /** Asked last: what is refused for other reasons uses up nothing. */
  #limit(view: RequestView, decision: Decision, now: number): Refusal | null {
    if (decision.limits === undefined) return null;
    const { guards, parties } = this.#connection;
    const apart = decision.limits.some(({ perOperation }) => perOperation);
    const refusal = guards.limits.admit(
      decision,
      {
        caller: parties.caller,
        principal: this.#connection.principal(view),
        operation: apart ? operationName(this.#operation, parties.destination) : '',
      },
      this.#holding,
      now,
    );
    return refusal === null ? null : limitAnswer(refusal);
  }

  #judge(judgement: Judgement | null, now: number): Refusal | null {
    return judgement === null ? null : this.#respond(judgement.sight, now, judgement.action);
  }

  /** `action`: where not that of the profile. */
  #respond(sight: Sight | null, now: number, action?: GuardAction): Refusal | null {
    if (sight === null) return null;
    const { guards, parties } = this.#connection;
    const operation = this.#operation;
    const subject = {
      caller: parties.caller,
      destination: destinationName(parties.destination, this.#host),
      // Never the path itself, which holds values.
      operation: operation === null ? '' : `${operation.method} ${operation.template}`,
    };
    return guards.responder.respond(sight, subject, {
      action: action ?? this.#settings.actions[sight.detection],
      now,
    });
  }
}
