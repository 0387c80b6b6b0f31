import type { Decision, GuardSettings } from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import type { Reading, Refusal, RequestView, ResponseView, Watch } from '../exchange/watch.ts';
import { destinationName } from '../record/destination-name.ts';
import type { ConnectionWatcher } from './connection-watcher.ts';
import type { Sight } from './sight.ts';

/**
 * What guards see of one exchange after the other. They are asked in the order in which their answers count: whoever is
 * refused for what it is must not use up what it may do.
 */
export class ExchangeWatch implements Watch {
  requestReading: Reading = 'nothing';
  readonly #connection: ConnectionWatcher;

  constructor(connection: ConnectionWatcher) {
    this.#connection = connection;
  }

  request(view: RequestView, _decision: Decision, now: number): Refusal | null {
    const { guards, parties } = this.#connection;
    const settings = guards.settingsFor(parties.caller);
    const seen = { view, settings, now };
    return (
      this.#respond(this.#connection.checkParties(view), seen) ??
      this.#respond(guards.adminEndpoints.check(parties.caller, view.path, settings), seen)
    );
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

  end(_exchange: Exchange): void {}

  #respond(sight: Sight | null, { view, settings, now }: Seen): Refusal | null {
    if (sight === null) return null;
    const { guards, parties } = this.#connection;
    const subject = {
      caller: parties.caller,
      destination: destinationName(parties.destination, view.host),
      // Never the path itself, which holds values.
      operation: '',
    };
    return guards.responder.respond(sight, subject, { settings, now });
  }
}

interface Seen {
  readonly view: RequestView;
  readonly settings: GuardSettings;
  readonly now: number;
}
