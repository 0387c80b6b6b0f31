import { errnoText } from '../../kernel/errno.ts';
import type { Fd } from '../../kernel/libc.ts';
import { netfilterSocket } from '../../kernel/libc-netlink.ts';
import { err, ok, type Result } from '../../kernel/result.ts';
import type { NetnsDoor } from '../inside.ts';
import { ReturnPath } from '../return-path.ts';
import { type Applied, type PodRules, type RuleEngine, UNCHANGED } from '../rule-engine.ts';
import type { Wish } from '../wish.ts';
import { absentTable, type Command, removedElement, timedElement, transaction } from './batch.ts';
import { arrivalsElement } from './inbound.ts';
import { after, type LoadFailure, NftSocket } from './nft-socket.ts';
import { GUARD_TABLE, packetGuard } from './packet-guard.ts';
import { gateElement, isActive, ruleset } from './ruleset.ts';
import { TABLE } from './table.ts';

/** What of a wish could not be had, and why. */
type Problems = Pick<Applied, 'inboundProblem' | 'guardProblem'>;

/** What of a pod has gates: beside its own connections always, frames past the rules and what comes to it. */
interface Gates {
  readonly guarded: boolean;
  readonly observing: boolean;
}

/** The transaction that keeps gates open, the same for all pods. */
type Refresh = (gates: Gates) => Buffer;

/** Keeps nobody who comes to a pod at the agent any more. */
const CLOSING = transaction([
  timedElement(TABLE, arrivalsElement(1)),
  removedElement(TABLE, arrivalsElement(1)),
]);

/** Rules for both families in a table of our own, loaded and refreshed over netlink: no program is run. */
export class NftEngine implements RuleEngine {
  readonly kind = 'nft';
  readonly apartBy = 'exemption';
  readonly #door: NetnsDoor;
  readonly #refresh: Refresh;

  constructor(door: NetnsDoor, gateTimeoutMs: number) {
    this.#door = door;
    this.#refresh = refreshing(gateTimeoutMs);
  }

  open(netns: Fd, untouched: boolean): Result<NftRules, string> {
    const socket = this.socket(netns);
    if (!socket.ok) return socket;
    const returnPath = new ReturnPath(this.#door, { netns, untouched });
    return ok(new NftRules(socket.value, returnPath, this.#refresh));
  }

  socket(netns: Fd): Result<NftSocket, string> {
    const socket = this.#door.inside(netns, netfilterSocket);
    if (!socket.ok) return socket;
    if (socket.value < 0) return err(`can't talk to netfilter: ${errnoText(socket.value)}`);
    return ok(new NftSocket(socket.value));
  }
}

function refreshing(timeoutMs: number): Refresh {
  const made = new Map<string, Buffer>();
  return (gates) => {
    const key = `${gates.guarded} ${gates.observing}`;
    const known = made.get(key) ?? refresh(timeoutMs, gates);
    made.set(key, known);
    return known;
  };
}

/** Adding an element that is there leaves its timeout alone, and removing one that is gone fails. */
const refresh = (timeoutMs: number, { guarded, observing }: Gates): Buffer =>
  transaction(
    [
      [TABLE, gateElement(timeoutMs)] as const,
      ...(guarded ? [[GUARD_TABLE, gateElement(timeoutMs)] as const] : []),
      ...(observing ? [[TABLE, arrivalsElement(timeoutMs)] as const] : []),
    ].flatMap(([table, element]) => [
      timedElement(table, element),
      removedElement(table, element),
      timedElement(table, element),
    ]),
  );

const TABLES = [TABLE, GUARD_TABLE];
/** Others would have to change rules that often while these are loaded once. */
const ATTEMPTS = 10;

export class NftRules implements PodRules {
  readonly #socket: NftSocket;
  readonly #returnPath: ReturnPath;
  readonly #refresh: Refresh;
  #gates: Gates = { guarded: false, observing: false };
  /** Null once somebody else has changed rules. Every transaction makes it one more, ours too. */
  #generation: number | null = null;
  /** Empty while it is not known what there should be. */
  #fingerprint = '';
  #applied = false;
  /** What was replaced last was not as we had left it. */
  #tampered = false;
  /** What counters had come to before they were replaced. */
  #counted = new Map<string, number>();

  constructor(socket: NftSocket, returnPath: ReturnPath, refresh: Refresh) {
    this.#socket = socket;
    this.#returnPath = returnPath;
    this.#refresh = refresh;
  }

  async apply(wish: Wish, gateMs: number): Promise<Result<Applied, string>> {
    // Before the first time, they are those of an agent before this one.
    const counted = this.#applied ? new Map(this.counters()) : this.#counted;
    this.#tampered = false;
    const loaded = this.#loadUndisturbed(wish, gateMs);
    if (!loaded.ok) return loaded;
    this.#applied = true;
    this.#counted = counted;
    const { guardProblem, inboundProblem } = loaded.value;
    this.#gates = {
      guarded: isActive(wish) && wish.guard !== null && guardProblem === null,
      observing: wish.inbound?.mode === 'observe' && inboundProblem === null,
    };
    return ok({ ...UNCHANGED, ...loaded.value, changed: this.#tampered ? ['rules'] : [] });
  }

  async verify(wish: Wish, gateMs: number): Promise<Result<Applied, string>> {
    const path = this.#returnPath.set(familiesOf(wish));
    if (!path.ok) return this.apply(wish, gateMs);
    const repaired = path.value ? { ...UNCHANGED, changed: ['return path'] } : UNCHANGED;
    const generation = this.#socket.generation();
    if (generation !== null && generation === this.#generation) return ok(repaired);
    if (this.#fingerprint === '' || this.#differs(generation)) return this.apply(wish, gateMs);
    this.#generation = generation;
    return ok(repaired);
  }

  beat(): boolean {
    return this.#repeat(this.#refresh(this.#gates));
  }

  closeArrivals(): void {
    this.#repeat(CLOSING);
  }

  mayBeThere(): boolean {
    return this.#socket.fingerprint([TABLE, GUARD_TABLE]).trim() !== '';
  }

  counters(): ReadonlyMap<string, number> {
    const counters = new Map(this.#counted);
    for (const table of TABLES) {
      for (const [name, packets] of this.#socket.counters(table)) {
        counters.set(name, (counters.get(name) ?? 0) + packets);
      }
    }
    return counters;
  }

  close(): void {
    this.#socket.close();
    this.#returnPath.close();
  }

  /** In any case; false when somebody has changed rules meanwhile. */
  #repeat(batch: Buffer): boolean {
    const known = this.#generation;
    if (known !== null && this.#socket.repeat(batch, known)) {
      this.#generation = after(known);
      return true;
    }
    this.#generation = null;
    this.#socket.repeat(batch, 0);
    return false;
  }

  /** At this generation, rules of ours are not as they were applied last. */
  #differs(generation: number | null): boolean {
    if (this.#fingerprint === '' || (generation !== null && generation === this.#generation)) return false;
    return this.#socket.fingerprint(TABLES) !== this.#fingerprint;
  }

  /**
   * Loads, and remembers how the kernel shows it. What somebody else has made of it meanwhile must not be taken for
   * that: it would be right for ever. If others never rest, nothing is remembered, and the next round loads again.
   */
  #loadUndisturbed(wish: Wish, gateMs: number): Result<Problems, string> {
    for (let attempt = 1, before = ''; ; attempt++) {
      const loaded = this.#loadWithReturnPath(wish, gateMs);
      if (!loaded.ok) return loaded;
      const shown = this.#socket.fingerprint(TABLES);
      this.#tampered ||= before !== '' && before !== shown;
      const undisturbed = this.#socket.generation() === this.#generation;
      this.#fingerprint = undisturbed ? shown : '';
      if (undisturbed || attempt === ATTEMPTS) return loaded;
      before = shown;
    }
  }

  /** The way back is there before anybody takes it, and goes last. Where it can't be had, nothing is observed. */
  #loadWithReturnPath(wish: Wish, gateMs: number): Result<Problems, string> {
    if (wish.inbound === null) return this.#loadWithoutInbound(wish, gateMs);
    const laid = this.#returnPath.set(familiesOf(wish));
    const loaded = laid.ok ? this.#load(wish, gateMs) : laid;
    if (loaded.ok) return ok({ ...loaded.value, inboundProblem: null });
    const without = this.#loadWithoutInbound(wish, gateMs);
    return without.ok ? ok({ ...without.value, inboundProblem: loaded.error }) : without;
  }

  #loadWithoutInbound(wish: Wish, gateMs: number): Result<Problems, string> {
    const loaded = this.#load({ ...wish, inbound: null }, gateMs);
    if (!loaded.ok) return loaded;
    const cleared = this.#returnPath.set([]);
    return cleared.ok ? ok({ ...loaded.value, inboundProblem: null }) : cleared;
  }

  /**
   * What is replaced is looked at before, at the very generation that the transaction is for: what somebody else is
   * changing at that moment would else go unsaid, and to the kernel a moment is some milliseconds of waiting for RCU.
   */
  #transact(commands: readonly Command[]): Result<null, LoadFailure> {
    for (let attempt = 1; ; attempt++) {
      const generation = this.#socket.generation();
      this.#tampered ||= this.#differs(generation);
      const loaded = this.#socket.load(commands, generation);
      if (loaded.ok) this.#generation = generation === null ? null : after(generation);
      if (loaded.ok || !loaded.error.outdated || attempt === ATTEMPTS) return loaded;
    }
  }

  /** In one transaction: the guard must never be without the rules that show it what has come the ordinary way. */
  #load(wish: Wish, gateMs: number): Result<{ guardProblem: string | null }, string> {
    if (!isActive(wish) || wish.guard === null) return this.#loadUnguarded(wish, gateMs, null);
    const rules = ruleset(wish, gateMs);
    const loaded = this.#transact([...rules, ...packetGuard(wish.guard, wish, gateMs)]);
    if (loaded.ok) return ok({ guardProblem: null });
    if (loaded.error.command <= rules.length) return err(loaded.error.text);
    return this.#loadUnguarded(wish, gateMs, loaded.error.text);
  }

  /** Rules without a guard; and no guard either of an agent before this one. */
  #loadUnguarded(wish: Wish, gateMs: number, guardProblem: string | null) {
    const rules = ruleset({ ...wish, guard: null }, gateMs);
    const loaded = this.#transact([...absentTable(GUARD_TABLE), ...rules]);
    // A kernel that knows no such tables has none of ours.
    const alone = loaded.ok ? loaded : this.#transact(rules);
    return alone.ok ? ok({ guardProblem }) : err(alone.error.text);
  }
}

const familiesOf = ({ inbound }: Wish): (4 | 6)[] =>
  inbound === null ? [] : inbound.port6 === null ? [4] : [4, 6];
