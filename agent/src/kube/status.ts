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
}

export const STATUS_DEFAULTS: StatusSettings = {
  spreadMs: 1_000,
  queue: 1_000,
  tries: 5,
  retryFirstMs: 500,
  retryMaxMs: 10_000,
};

export interface StatusCounts {
  readonly waiting: number;
  readonly written: number;
  readonly failed: number;
  readonly dropped: number;
  /** Why the last write that failed did, until one succeeds. */
  readonly problem: string | null;
}

interface Wish {
  readonly target: StatusTarget;
  readonly acceptance: Acceptance;
  tries: number;
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
  /** Path → `uid/generation` of our last accepted write. */
  readonly #done = new Map<string, string>();
  readonly #stop = new AbortController();
  #working: Promise<void> | null = null;
  #written = 0;
  #failed = 0;
  #dropped = 0;
  #problem: string | null = null;

  constructor(context: Omit<WatchContext, 'settings'>, settings: StatusSettings = STATUS_DEFAULTS) {
    this.#context = context;
    this.#settings = settings;
  }

  /** Asks for the condition, unless the object has it. The latest wish for an object counts. */
  want(target: StatusTarget, acceptance: Acceptance): void {
    this.#wishes.delete(target.path);
    if (alreadySays(target.conditions, target.generation, acceptance)) return;
    if (this.#done.get(target.path) === doneMark(target)) return;
    if (this.#wishes.size >= this.#settings.queue) {
      this.#dropped++;
      return;
    }
    this.#wishes.set(target.path, { target, acceptance, tries: 0 });
    this.#working ??= this.#work();
  }

  /** The object is gone. */
  forget(path: string): void {
    this.#wishes.delete(path);
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
    await this.#working;
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
    this.#problem = failure.message;
    if (failure.status > 0) wish.tries++;
    if (!isPassing(failure) || wish.tries >= this.#settings.tries) {
      this.#failed++;
      return false;
    }
    // The watch may have fulfilled or replaced the wish meanwhile.
    if (this.#wishes.get(wish.target.path) === wish) {
      this.#wishes.delete(wish.target.path);
      this.#wishes.set(wish.target.path, wish);
    }
    return true;
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
    this.#problem = null;
    this.#done.set(target.path, doneMark(target));
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
