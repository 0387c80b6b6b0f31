import type { Decision, GuardSettings } from '@eastwall/policy';
import type { Exchange } from '../exchange/exchange.ts';
import type { Parties, Reading, Refusal, RequestView, ResponseView, Watch } from '../exchange/watch.ts';
import { destinationName } from '../record/destination-name.ts';
import { metadataAccess } from './endpoints.ts';
import type { Guards } from './guards.ts';
import type { Sight } from './sight.ts';

/**
 * What the guards see of the exchanges of one connection, one after the other. It asks them in the order in which their
 * answers count: whoever is refused for what it is must not use up what it may do.
 */
export class ExchangeWatch implements Watch {
  requestReading: Reading = 'nothing';
  readonly #guards: Guards;
  readonly #parties: Parties;
  /** Already judged: a connection mostly sends one credential. */
  #credential = '';

  constructor(guards: Guards, parties: Parties) {
    this.#guards = guards;
    this.#parties = parties;
  }

  request(view: RequestView, _decision: Decision, now: number): Refusal | null {
    const { caller, destination } = this.#parties;
    const settings = this.#guards.settingsFor(caller);
    return (
      this.#respond(this.#checkCredential(view), view, settings, now) ??
      this.#respond(metadataAccess(destination), view, settings, now) ??
      this.#respond(this.#guards.adminEndpoints.check(caller, view.path, settings), view, settings, now)
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

  #checkCredential(view: RequestView): Sight | null {
    const authorization = view.authorization();
    const credential = authorization === '' ? view.apiKey() : authorization;
    if (credential === '' || credential === this.#credential) return null;
    const sight = this.#guards.credentials.check(
      this.#parties.caller,
      authorization,
      authorization === '' ? credential : '',
    );
    if (sight === null) this.#credential = credential;
    return sight;
  }

  #respond(sight: Sight | null, view: RequestView, settings: GuardSettings, now: number): Refusal | null {
    if (sight === null) return null;
    const { caller, destination } = this.#parties;
    const subject = {
      caller,
      destination: destinationName(destination, view.host),
      // Never the path itself, which holds values.
      operation: '',
    };
    return this.#guards.responder.respond(sight, subject, { settings, now });
  }
}
