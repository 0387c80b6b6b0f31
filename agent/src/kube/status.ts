import type { Json } from '../identity/json.ts';
import { Backoff } from '../kernel/backoff.ts';
import { pause } from '../kernel/pause.ts';
import { type Acceptance, alreadySays, withAcceptance } from './condition.ts';
import type { KubeFailure } from './failure.ts';
import type { WatchContext } from './watch.ts';

/** The object whose status is to be written, as last seen. */
export interface StatusTarget {
  /** Of the status subresource; names the object. */
  readonly path: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  readonly conditions: readonly Json[];
}

export interface StatusSettings {
  /** Longest random wait before a write. Whoever is first spares all other nodes the write. */
  readonly spreadMs: number;
  /** Objects waiting for their write; beyond it they are counted and wait for their next change. */
  readonly queue: number;
  /** Answered tries per write; an API server that can't be reached costs none. */
  readonly tries: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** How often one of those that were given up is tried again: a right that was missing may have come. */
  readonly givenUpRetryMs: number;
}

export const STATUS_DEFAULTS: StatusSettings = {
  spreadMs: 1_000,
  queue: 1_000,
  tries: 5,
  retryFirstMs: 500,
  retryMaxMs: 10_000,
  givenUpRetryMs: 300_000,
};

export interface StatusCounts {
  readonly waiting: number;
  readonly written: number;
  readonly failed: number;
  readonly dropped: number;
  /** Why one that is still to be written is not; null when there is none that has failed. */
  readonly problem: string | null;
}

interface Wish {
  readonly target: StatusTarget;
  readonly acceptance: Acceptance;
  tries: number;
  /** Why it was not written when it was tried last. */
  problem: string | null;
}

/**
 * Writes the `Accepted` condition of objects. Every node tries, and no leader is elected: what is written
 * depends on the object alone, so the first write serves all; the others see it in their watch during their
 * random wait, or are refused as stale and stop. An election would cost standing writes, and a gap when the
 * leader dies, to save a few refused requests per edit of a policy.
 *
 * INVARIANT: at most one accepted write per generation of an object, so two versions of the agent that judge
 * it differently can't write in turns for ever.
 */
export class StatusWriter {
  readonly #context: Omit<WatchContext, 'settings'>;
  readonly #settings: StatusSettings;
  readonly #wishes = new Map<string, Wish>();
  /** Refused as they would be again at once. */
  readonly #givenUp = new Map<string, Wish>();
  #retryTimer: NodeJS.Timeout | null = null;
  /** Path → `uid/generation` of our last accepted write. */
  readonly #done = new Map<string, string>();
  readonly #stop = new AbortController();
  #working: Promise<void> | null = null;
  #written = 0;
  #failed = 0;
  #dropped = 0;

  constructor(context: Omit<WatchContext, 'settings'>, settings: StatusSettings = STATUS_DEFAULTS) {
    this.#context = context;
    this.#settings = settings;
  }

  /** Asks for the condition, unless the object has it. The latest wish for an object counts. */
  want(target: StatusTarget, acceptance: Acceptance): void {
    this.#wishes.delete(target.path);
    this.#givenUp.delete(target.path);
    if (alreadySays(target.conditions, target.generation, acceptance)) return;
    if (this.#done.get(target.path) === doneMark(target)) return;
    if (this.#wishes.size >= this.#settings.queue) {
      this.#dropped++;
      return;
    }
    this.#queue({ target, acceptance, tries: 0, problem: null });
  }

  /** The object is gone. */
  forget(path: string): void {
    this.#wishes.delete(path);
    this.#givenUp.delete(path);
    this.#done.delete(path);
  }

  counts(): StatusCounts {
    return {
      waiting: this.#wishes.size,
      written: this.#written,
      failed: this.#failed,
      dropped: this.#dropped,
      problem: this.#problem,
    };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    await this.#working;
  }

  /** Of what is still wanted only: what another node has written since, or nobody wants any more, is no trouble. */
  get #problem(): string | null {
    for (const wishes of [this.#wishes, this.#givenUp])
      for (const { problem } of wishes.values()) if (problem !== null) return problem;
    return null;
  }

  #queue(wish: Wish): void {
    this.#wishes.set(wish.target.path, wish);
    this.#working ??= this.#work();
  }

  /** One write at a time: a thousand policies must not be a thousand requests at once. */
  async #work(): Promise<void> {
    const { retryFirstMs, retryMaxMs, spreadMs } = this.#settings;
    const { random } = this.#context;
    const backoff = new Backoff({ firstMs: retryFirstMs, maxMs: retryMaxMs, random });
    await pause(random() * spreadMs, this.#stop.signal);
    for (let wish = this.#next(); wish !== null && !this.#stop.signal.aborted; wish = this.#next()) {
      const failure = await this.#patch(wish);
      if (failure === null) backoff.reset();
      if (failure === null || !this.#retry(wish, failure)) this.#leave(wish);
      else await pause(backoff.next(), this.#stop.signal);
    }
    this.#working = null;
  }

  #next(): Wish | null {
    const first = this.#wishes.values().next();
    return first.done ? null : first.value;
  }

  /** Puts a wish behind the others, so that one object's trouble doesn't hold them up. False when it is hopeless. */
  #retry(wish: Wish, failure: KubeFailure): boolean {
    if (isSettled(failure)) return false;
    if (this.#problem === null)
      this.#context.log.warn({ object: wish.target.path, ...failure }, 'a status could not be written');
    wish.problem = failure.message;
    if (failure.status > 0) wish.tries++;
    if (!isPassing(failure) || wish.tries >= this.#settings.tries) {
      this.#giveUp(wish);
      return false;
    }
    // The watch may have fulfilled or replaced the wish meanwhile.
    if (this.#wishes.get(wish.target.path) === wish) {
      this.#wishes.delete(wish.target.path);
      this.#wishes.set(wish.target.path, wish);
    }
    return true;
  }

  #giveUp(wish: Wish): void {
    this.#failed++;
    if (this.#wishes.get(wish.target.path) !== wish || this.#givenUp.size >= this.#settings.queue) return;
    this.#givenUp.set(wish.target.path, wish);
    this.#retryLater();
  }

  /** One for all: where it is still refused, so are the others. */
  #retryLater(): void {
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = null;
      const [first] = this.#givenUp.values();
      if (first !== undefined) this.#retake(first);
      if (this.#givenUp.size > 0) this.#retryLater();
    }, this.#settings.givenUpRetryMs).unref();
  }

  #retake(wish: Wish): void {
    this.#givenUp.delete(wish.target.path);
    wish.tries = 0;
    this.#queue(wish);
  }

  async #patch({ target, acceptance }: Wish): Promise<KubeFailure | null> {
    const { client, clock } = this.#context;
    const conditions = withAcceptance(target.conditions, acceptance, {
      generation: target.generation,
      now: clock.now(),
    });
    // A merge patch replaces the whole list, and the version in it makes the server refuse when the list is stale.
    const body = { metadata: { resourceVersion: target.resourceVersion }, status: { conditions } };
    const answer = await client.mergePatch(target.path, body, this.#stop.signal);
    if (!answer.ok) return answer.error;
    this.#written++;
    this.#done.set(target.path, doneMark(target));
    for (const wish of [...this.#givenUp.values()]) this.#retake(wish);
    return null;
  }

  /** Takes the wish off the queue, unless a newer one has taken its place. */
  #leave(wish: Wish): void {
    if (this.#wishes.get(wish.target.path) === wish) this.#wishes.delete(wish.target.path);
  }
}

const doneMark = (target: StatusTarget): string => `${target.uid}/${target.generation}`;

/** Stale: a newer version of the object is on its way to us. Missing: the object is gone. Both end the wish. */
const isSettled = (failure: KubeFailure): boolean => failure.status === 409 || failure.status === 404;

/** The server is away or busy; any other refusal would only be repeated. */
const isPassing = ({ status }: KubeFailure): boolean => status === 0 || status === 429 || status >= 500;
