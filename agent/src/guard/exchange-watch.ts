import type { Decision, GuardSettings } from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import type { Reading, Refusal, RequestView, ResponseView, Watch } from '../exchange/watch.ts';
import { destinationName } from '../record/destination-name.ts';
import type { ConnectionWatcher } from './connection-watcher.ts';
import { limitAnswer } from './limit-answer.ts';
import { Holding } from './limits.ts';
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

  constructor(connection: ConnectionWatcher) {
    this.#connection = connection;
  }

  request(view: RequestView, decision: Decision, now: number): Refusal | null {
    const { guards, parties } = this.#connection;
    const settings = guards.settingsFor(parties.caller);
    const seen = { view, settings, now };
    return (
      this.#respond(this.#connection.checkParties(view), seen) ??
      this.#respond(guards.adminEndpoints.check(parties.caller, view.path, settings), seen) ??
      this.#limit(view, decision, now)
    );
  }

  unread(decision: Decision, now: number): Decision | null {
    const { guards, parties } = this.#connection;
    const request = { caller: parties.caller, principal: null, operation: UNREAD };
    return guards.limits.admit(decision, request, this.#holding, now)?.decision ?? null;
  }

  requestBody(): boolean {
    return true;
  }

  requestBodyEnd(): Refusal | null {
    return null;
  }

  response(_view: ResponseView): 'nothing' | 'stream' {
    return 'nothing';
  }

  responseBody(): void {}

  end(_exchange: Exchange): void {
    this.#holding.release();
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
        operation: apart ? guards.operationOf(parties.destination, view) : '',
      },
      this.#holding,
      now,
    );
    return refusal === null ? null : limitAnswer(refusal);
  }

  #respond(sight: Sight | null, { view, settings, now }: Seen): Refusal | null {
    if (sight === null) return null;
    const { guards, parties } = this.#connection;
    const subject = {
      caller: parties.caller,
      destination: destinationName(parties.destination, view.host),
      // Never the path itself, which holds values.
      operation: guards.operationOf(parties.destination, view),
    };
    return guards.responder.respond(sight, subject, { settings, now });
  }
}

interface Seen {
  readonly view: RequestView;
  readonly settings: GuardSettings;
  readonly now: number;
}
