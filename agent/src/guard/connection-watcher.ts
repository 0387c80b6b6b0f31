import type { Workload } from '@eastwall/policy';
import type { Parties, RequestView, Spoken, Watch, Watcher } from '../exchange/watch.ts';
import { destinationName } from '../record/destination-name.ts';
import type { Outcome } from '../record/record.ts';
import { metadataAccess } from './endpoints.ts';
import { ExchangeWatch } from './exchange-watch.ts';
import type { Guards } from './guards.ts';
import type { VerifiedToken } from './principals.ts';
import type { Sight } from './sight.ts';

/** What guards keep in mind of one connection, whose exchanges may overlap. */
export class ConnectionWatcher implements Watcher {
  readonly guards: Guards;
  readonly parties: Parties;
  /** The address that was dialled stays the same, whatever is learnt about it. */
  readonly #metadata: Sight | null;
  // A connection mostly sends one credential: the last one, whose it was, what was found, and as of when.
  #credential = '';
  #sender: Workload | null = null;
  #misuse: Sight | null = null;
  #judgedIn = -1;
  /** The field value that was asked about last, and what it was found to be. */
  #authorization = '';
  #token: VerifiedToken | null = null;

  constructor(guards: Guards, parties: Parties) {
    this.guards = guards;
    this.parties = parties;
    this.#metadata = metadataAccess(parties.destination);
  }

  spoke(spoken: Spoken, now: number): void {
    const { guards, parties } = this;
    const destination = destinationName(parties.destination, '');
    const sight = guards.protocols.note(destination, spoken, now);
    if (sight === null) return;
    const subject = { caller: parties.caller, destination, operation: '' };
    const action = guards.settingsFor(parties.caller).actions[sight.detection];
    guards.responder.respond(sight, subject, { action, now });
  }

  watch(): Watch {
    return new ExchangeWatch(this);
  }

  /** Who asks for what can't be had has asked all the same. */
  unspoken(outcome: Outcome, now: number): void {
    const { guards, parties } = this;
    if (outcome !== 'upstream_unreachable' || this.#metadata === null) return;
    const subject = {
      caller: parties.caller,
      // As who asks by HTTP names it: both are one episode.
      destination: destinationName(parties.destination, parties.destination.ip),
      operation: '',
    };
    const action = guards.settingsFor(parties.caller).actions[this.#metadata.detection];
    guards.responder.respond(this.#metadata, subject, { action, now });
  }

  /** In whose name a request comes, where a configured issuer says so; null otherwise, and until that is verified. */
  principal(view: RequestView): string | null {
    const { principals } = this.guards;
    if (!principals.enabled) return null;
    const authorization = view.authorization();
    if (authorization !== this.#authorization || !principals.holds(this.#token)) {
      this.#authorization = authorization;
      this.#token = principals.of(authorization);
    }
    return this.#token?.principal ?? null;
  }

  /** What is wrong with who calls and where to, whatever is asked for. */
  checkParties(view: RequestView): Sight | null {
    return this.#checkCredential(view) ?? this.checkDestination();
  }

  /** What is wrong with where it goes, whatever is spoken. */
  checkDestination(): Sight | null {
    return this.#metadata;
  }

  #checkCredential(view: RequestView): Sight | null {
    const authorization = view.authorization();
    const apiKey = authorization === '' ? view.apiKey() : '';
    const credential = authorization + apiKey;
    if (credential === '') return null;
    const { caller } = this.parties;
    if (credential === this.#credential && caller === this.#sender && this.#holds()) return this.#misuse;
    const { credentials } = this.guards;
    this.#misuse = credentials.check(caller, authorization, apiKey);
    this.#credential = credential;
    this.#sender = caller;
    this.#judgedIn = credentials.version;
    return this.#misuse;
  }

  /** What was found right stays right for the connection; what was not may have changed. */
  #holds(): boolean {
    return this.#misuse === null || this.#judgedIn === this.guards.credentials.version;
  }
}
