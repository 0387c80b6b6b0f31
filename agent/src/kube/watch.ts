import { isObject, type Json, objectAt, objectsAt, textAt } from '../identity/json.ts';
import type { Projected } from '../identity/project.ts';
import { Backoff } from '../kernel/backoff.ts';
import type { Clock } from '../kernel/clock.ts';
import { pause } from '../kernel/pause.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import type { KubeClient, Query } from './client.ts';
import { badAnswer, isGone, type KubeFailure } from './failure.ts';
import type { Log } from './log.ts';
import { Mirror, type MirrorHandlers } from './mirror.ts';
import { WatchHealth } from './watch-health.ts';
import type { WatchEvent } from './watch-stream.ts';

export interface WatchSettings {
  /** Objects per page of a list. A page is held as JSON while it is read: 100 full EndpointSlices are 4 MB. */
  readonly pageSize: number;
  /** Bookmarks come about once a minute, so a longer silence means that nobody is there. */
  readonly idleMs: number;
  readonly retryFirstMs: number;
  readonly retryMaxMs: number;
  /** A round that lasted so long was sound, and the next one starts at once. */
  readonly steadyMs: number;
  /** How often to look whether a missing resource type is there by now. */
  readonly absentRetryMs: number;
}

export const WATCH_DEFAULTS: WatchSettings = {
  pageSize: 100,
  idleMs: 90_000,
  retryFirstMs: 200,
  retryMaxMs: 15_000,
  steadyMs: 5_000,
  absentRetryMs: 5_000,
};

export interface WatchHandlers<T> extends MirrorHandlers<T> {
  /** After every complete list. */
  synced(): void;
}

export interface WatchContext {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly settings: WatchSettings;
}

export interface WatchSpec<T> {
  /** Such as `/api/v1/pods`. */
  readonly path: string;
  /** Selectors, for the list and the watch. */
  readonly query?: Query;
  readonly keyedBy?: 'name' | 'uid';
  /**
   * A resource type that may not be installed. While it is missing it counts as listed, and what was known
   * before stays: a kube API that comes up answers 404 for a moment, and that must not end every policy.
   */
  readonly mayBeAbsent?: boolean;
  readonly project: (json: unknown) => Projected<T>;
  readonly handlers: WatchHandlers<T>;
}

export interface WatchStatus {
  readonly path: string;
  readonly synced: boolean;
  /** A watch is open, so what is known is current. */
  readonly connected: boolean;
  /** The API server does not know this resource type. */
  readonly absent: boolean;
  readonly objects: number;
  /** Objects that could not be used, each time one came. */
  readonly malformed: number;
  /** Complete lists; beyond the first, each is a gap that events could not bridge. */
  readonly lists: number;
  /** When the API server last said anything, in milliseconds since the epoch. */
  readonly lastContact: number | null;
  readonly problem: string | null;
}

interface Page {
  readonly items: readonly Json[];
  readonly version: string;
  /** Asks for the next page; empty on the last. */
  readonly token: string;
}

/** So many watches refused in a row from one version: the version is the trouble, not the server. */
const REFUSALS_BEFORE_LIST = 3;

/** So many watches in a row that said nothing at all, no bookmark either: something between us and the server swallows it. */
const SILENCES_BEFORE_LIST = 2;

/**
 * Keeps the handlers up to date with one resource type: a list, then watches from its version, for ever.
 * While the API server can't be reached nothing is removed: the last snapshot stays in force.
 */
export class ResourceWatch<T> {
  readonly #context: WatchContext;
  readonly #spec: WatchSpec<T>;
  readonly #mirror: Mirror<T>;
  readonly #backoff: Backoff;
  readonly #health: WatchHealth;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  /** Where the next watch starts; null asks for a list first. */
  #version: string | null = null;
  #refusals = 0;
  #silences = 0;
  #synced = false;
  #lists = 0;

  constructor(context: WatchContext, spec: WatchSpec<T>) {
    this.#context = context;
    this.#spec = spec;
    this.#health = new WatchHealth(spec.path, context.clock, context.log);
    this.#backoff = new Backoff({
      firstMs: context.settings.retryFirstMs,
      maxMs: context.settings.retryMaxMs,
      random: context.random,
    });
    this.#mirror = new Mirror({
      project: spec.project,
      handlers: spec.handlers,
      keyedBy: spec.keyedBy ?? 'name',
      malformed: (key, problem) => this.#health.unusable(key, problem),
    });
  }

  /** Settles after `stop`; rejects only for a bug, such as a handler that throws. */
  start(): Promise<void> {
    this.#running ??= this.#run();
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  status(): WatchStatus {
    const { connected, absent, malformed, lastContact, problem } = this.#health;
    const { path } = this.#spec;
    const objects = this.#mirror.size;
    return {
      path,
      synced: this.#synced,
      connected,
      absent,
      objects,
      malformed,
      lists: this.#lists,
      lastContact,
      problem,
    };
  }

  async #run(): Promise<void> {
    const { clock, settings } = this.#context;
    while (!this.#stop.signal.aborted) {
      const began = clock.monotonic();
      const failure = await this.#round();
      this.#health.connected = false;
      if (this.#stop.signal.aborted) return;
      if (failure !== null) this.#note(failure);
      if (clock.monotonic() - began >= settings.steadyMs) this.#backoff.reset();
      else
        await pause(this.#health.absent ? settings.absentRetryMs : this.#backoff.next(), this.#stop.signal);
    }
  }

  /** One list if one is needed, then one watch until it ends. Null when the server ended it in peace. */
  async #round(): Promise<KubeFailure | null> {
    if (this.#version === null) {
      const failure = await this.#list();
      if (failure !== null) return failure;
    }
    return this.#watch(this.#version ?? '');
  }

  /**
   * Reads in pages, at the newest version there is. Reading from the API server's cache (`resourceVersion=0`)
   * would be cheaper for it, but may go back in time, and could bring a lifted policy into force again.
   */
  async #list(): Promise<KubeFailure | null> {
    this.#mirror.beginList();
    let token = '';
    do {
      const page = await this.#page(token);
      if (!page.ok) return page.error;
      this.#health.contact();
      for (const item of page.value.items) this.#mirror.put(item);
      this.#version = page.value.token === '' ? page.value.version : null;
      token = page.value.token;
    } while (token !== '');
    this.#mirror.endList();
    this.#lists++;
    this.#markSynced();
    return null;
  }

  async #page(token: string): Promise<Result<Page, KubeFailure>> {
    const query = {
      ...this.#spec.query,
      limit: `${this.#context.settings.pageSize}`,
      ...(token && { continue: token }),
    };
    const answer = await this.#context.client.get(this.#spec.path, query, this.#stop.signal);
    if (!answer.ok) return answer;
    const metadata = objectAt(answer.value, 'metadata');
    const version = textAt(metadata, 'resourceVersion');
    if (!isObject(answer.value) || version === '') return err(badAnswer('a list has no resourceVersion'));
    return ok({ items: objectsAt(answer.value, 'items'), version, token: textAt(metadata, 'continue') });
  }

  async #watch(version: string): Promise<KubeFailure | null> {
    const { client, settings, random } = this.#context;
    const query = {
      ...this.#spec.query,
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: version,
      // Spread over 5 to 10 minutes, as client-go does, so that many agents don't come back in one wave.
      timeoutSeconds: `${Math.round(300 * (1 + random()))}`,
    };
    const call = { query, signal: this.#stop.signal, idleMs: settings.idleMs };
    for await (const event of client.watch(this.#spec.path, call)) {
      if (!event.ok) return event.error;
      this.#take(event.value);
    }
    return null;
  }

  #take({ type, object }: WatchEvent): void {
    this.#health.contact();
    if (type === 'OPENED') {
      this.#health.connected = true;
      return;
    }
    if (type === 'DELETED') this.#mirror.delete(object);
    else if (type !== 'BOOKMARK') this.#mirror.put(object);
    this.#version = textAt(objectAt(object, 'metadata'), 'resourceVersion') || this.#version;
    this.#refusals = 0;
    this.#silences = 0;
  }

  /** Decides from where to go on after a failure. */
  #note(failure: KubeFailure): void {
    // A silent watch is opened again from where it was; if that fails too, there is something to tell.
    if (failure.reason === 'Idle') {
      if (++this.#silences % SILENCES_BEFORE_LIST === 0) this.#version = null;
      return;
    }
    if (failure.status === 404 && this.#spec.mayBeAbsent) {
      this.#version = null;
      this.#health.missing();
      this.#markSynced();
      return;
    }
    this.#refusals += failure.status > 0 ? 1 : 0;
    if (isGone(failure) || this.#refusals >= REFUSALS_BEFORE_LIST) {
      this.#version = null;
      this.#refusals = 0;
    }
    // An expired version is the API's ordinary way of asking for a list.
    if (!isGone(failure)) this.#health.failed(failure);
  }

  #markSynced(): void {
    this.#synced = true;
    this.#spec.handlers.synced();
  }
}
