import { hostName } from '../host/host-name.ts';
import type { Decision } from '../model/decision.ts';
import type { Matcher } from './decision-table.ts';
import type { EgressProfile, Placed } from './egress-profile.ts';
import { HostTable } from './host-table.ts';
import type { Lanes } from './lanes.ts';
import type { PathTrie } from './path-trie.ts';
import type { Governed, Scope } from './scope.ts';

/** No method and no path: what only rules that name neither can match. */
const NO_METHOD = '';
const NO_PATH = '*';
const UNKNOWN_HOST = '';

/** What EgressPolicies say about one caller at one external destination. */
export class EgressScope implements Scope, Matcher {
  readonly governed: Governed;
  readonly size: number;
  readonly readableOnly = false;
  readonly atConnect: Decision | null;
  readonly unreadable: Decision;
  readonly #profile: EgressProfile;
  readonly #here = new HostTable();
  /** The last host asked about and the rules for it: the requests of a connection mostly name the same. */
  #host = '';
  #tries: readonly PathTrie[] = [];

  /** `placed` is what the profile says for this destination alone. */
  constructor(profile: EgressProfile, placed: readonly Placed[]) {
    this.#profile = profile;
    for (const { reach, ...place } of placed) this.#here.add(reach, place);
    this.#understand(UNKNOWN_HOST);
    this.governed = profile.table.governed;
    this.size = this.#here.size;
    this.unreadable = profile.table.unreadable;
    this.atConnect = this.#decideAtConnect();
  }

  /** The target of a CONNECT is its host, so it is taken for a request without a path. */
  evaluate(method: string, path: string, host: string): Decision {
    if (host !== this.#host) this.#understand(host);
    return this.#profile.table.judge(this, method, method === 'CONNECT' && path === '' ? NO_PATH : path);
  }

  unread(host: string): Decision {
    if (host !== this.#host) this.#understand(host);
    return this.#profile.table.judge(this, NO_METHOD, NO_PATH);
  }

  /** Whoever may open it may use it: the host was what the rules are about. */
  expectation(): null {
    return null;
  }

  tunnel(host: string): Decision {
    return this.evaluate('CONNECT', '', host);
  }

  match(method: string, path: string, into: Lanes): void {
    for (const trie of this.#tries) trie.match(method, path, into);
  }

  /** Denied already: by a rule that asks for nothing the caller could still say, or for want of a rule that could allow. */
  #decideAtConnect(): Decision | null {
    if (this.governed !== 'enforce') return null;
    const decision = this.unread(UNKNOWN_HOST);
    if (decision.verdict !== 'deny') return null;
    const final = decision.reason === 'denied_by_rule';
    return final || !(this.#profile.anywhere.allows || this.#here.allows) ? decision : null;
  }

  #understand(host: string): void {
    const name = hostName(host);
    this.#host = host;
    this.#tries = [
      ...this.#profile.anywhere.triesFor(name),
      ...(this.#here.size > 0 ? this.#here.triesFor(name) : []),
    ];
  }
}
