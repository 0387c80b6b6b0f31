import { errnoText } from '../../kernel/errno.ts';
import type { Fd } from '../../kernel/libc.ts';
import { askNetfilter, closeNetfilter, netfilterSocket } from '../../kernel/libc-netlink.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { NetnsDoor } from '../inside.ts';
import type { Applied, PodRules, RuleEngine } from '../rule-engine.ts';
import type { Wish } from '../wish.ts';
import { fingerprintIn, generationIn, outcomeOf } from './answers.ts';
import {
  type Command,
  chainsRequest,
  generationRequest,
  onlyAt,
  removedElement,
  rulesRequest,
  timedElement,
  transaction,
} from './batch.ts';
import { gateElement, ruleset, TABLE } from './ruleset.ts';

const UNCHANGED: Applied = { changed: [], failed6: null };

/** Rules for both families in a table of our own, loaded and refreshed over netlink: no program is run. */
export class NftEngine implements RuleEngine {
  readonly kind = 'nft';
  readonly #door: NetnsDoor;
  /** The same for all pods, but for the generation that is written into it. */
  readonly #refresh: Buffer;

  constructor(door: NetnsDoor, gateTimeoutMs: number) {
    this.#door = door;
    this.#refresh = refreshing(gateTimeoutMs);
  }

  open(netns: Fd): Result<NftRules, string> {
    const socket = this.#door.inside(netns, netfilterSocket);
    if (!socket.ok) return socket;
    if (socket.value < 0) return err(`can't talk to netfilter: ${errnoText(socket.value)}`);
    return ok(new NftRules(socket.value, this.#refresh));
  }
}

/** Adding an element that is there leaves its timeout alone, and removing one that is gone fails. */
export const refreshing = (timeoutMs: number): Buffer => {
  const element = gateElement(timeoutMs);
  return transaction([
    timedElement(TABLE, element),
    removedElement(TABLE, element),
    timedElement(TABLE, element),
  ]);
};

export class NftRules implements PodRules {
  /** Made inside the namespace, and used from anywhere. It pins the namespace until it is closed. */
  readonly #socket: Fd;
  readonly #refresh: Buffer;
  /** Null once somebody else has changed rules. Every transaction makes it one more, ours too. */
  #generation: number | null = null;
  #fingerprint = '';
  #closed = false;

  constructor(socket: Fd, refresh: Buffer) {
    this.#socket = socket;
    this.#refresh = refresh;
  }

  async apply(wish: Wish, gateMs: number): Promise<Result<Applied, string>> {
    const loaded = this.load(ruleset(wish, gateMs));
    if (!loaded.ok) return loaded;
    this.#generation = this.#readGeneration();
    this.#fingerprint = this.#readFingerprint();
    return ok({ changed: ['rules'], failed6: null });
  }

  async verify(wish: Wish, gateMs: number): Promise<Result<Applied, string>> {
    const generation = this.#readGeneration();
    if (generation !== null && generation === this.#generation) return ok(UNCHANGED);
    if (this.#readFingerprint() !== this.#fingerprint) return this.apply(wish, gateMs);
    this.#generation = generation;
    return ok(UNCHANGED);
  }

  beat(): boolean {
    const known = this.#generation;
    if (known !== null && this.#refreshAt(known)) {
      this.#generation = after(known);
      return true;
    }
    this.#generation = null;
    this.#refreshAt(0);
    return false;
  }

  close(): void {
    if (!this.#closed) closeNetfilter(this.#socket);
    this.#closed = true;
  }

  /** All of them or none. The error names the one that the kernel refuses. */
  load(commands: readonly Command[]): Result<null, string> {
    const outcome = outcomeOf(askNetfilter(this.#socket, transaction(commands)));
    if (outcome.done) return ok(null);
    const what = commands[outcome.command - 1]?.what ?? 'transaction';
    return err(`nftables refuses the ${what}: ${errnoText(outcome.errno)}`);
  }

  #refreshAt(generation: number): boolean {
    onlyAt(this.#refresh, generation);
    return outcomeOf(askNetfilter(this.#socket, this.#refresh)).done;
  }

  #readGeneration(): number | null {
    return generationIn(askNetfilter(this.#socket, generationRequest()));
  }

  #readFingerprint(): string {
    return [chainsRequest, rulesRequest]
      .map((request) => fingerprintIn(askNetfilter(this.#socket, request(TABLE)), TABLE.table))
      .join('\n');
  }
}

/** The kernel skips 0, which stands for any generation. */
const after = (generation: number): number => (generation === 0xffffffff ? 1 : generation + 1);
