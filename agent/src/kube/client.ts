import { HttpMethod, IsomorphicFetchHttpLibrary, KubeConfig, RequestContext } from '@kubernetes/client-node';
import type { Clock } from '../kernel/clock.ts';
import { codeOf } from '../kernel/errno.ts';
import { messageOf } from '../kernel/message-of.ts';
import { err, ok, type Result } from '../kernel/result.ts';
import { Deadline } from './deadline.ts';
import { badAnswer, idle, type KubeFailure, refusal, unreachable } from './failure.ts';
import { parseJson, type WatchEvent, watchEvents } from './watch-stream.ts';

export type Query = Readonly<Record<string, string>>;

export interface WatchCall {
  readonly query: Query;
  readonly signal: AbortSignal;
  /** The watch fails with `Idle` when nothing at all, not even a bookmark, comes for so long. */
  readonly idleMs: number;
}

/** The few things the agent asks of the kube API. */
export interface KubeClient {
  get(path: string, query: Query, signal: AbortSignal): Promise<Result<unknown, KubeFailure>>;
  /** Ends after the first error, or without one when the server closed the watch. */
  watch(path: string, call: WatchCall): AsyncIterable<Result<WatchEvent, KubeFailure>>;
  /** RFC 7386. */
  mergePatch(path: string, body: object, signal: AbortSignal): Promise<Result<unknown, KubeFailure>>;
  create(path: string, body: object, signal: AbortSignal): Promise<Result<unknown, KubeFailure>>;
}

export interface ConfigSource {
  /** Path of a kubeconfig; empty means the service account of the pod that we run in. */
  readonly kubeconfig: string;
}

export interface KubeClientOptions {
  readonly clock: Clock;
  /** For a whole `get`, `mergePatch` or `create`, body included, and for the opening of a watch. */
  readonly timeoutMs?: number;
}

interface Ask {
  readonly method: HttpMethod;
  readonly path: string;
  readonly query: Query;
  readonly body?: object;
  readonly signal: AbortSignal;
}

type Answer = Awaited<ReturnType<ReturnType<IsomorphicFetchHttpLibrary['send']>['toPromise']>>;
type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>;

/** The library makes a pool per request; one is kept this long, then the CA and client certificate are read again. */
const POOL_LIFE_MS = 60_000;

/** Throws when there is no usable kubeconfig: without one there is nothing to start. */
export function connectKube({ kubeconfig, ...options }: KubeClientOptions & ConfigSource): KubeClient {
  return clientOf(kubeconfig === '' ? podConfig() : fileConfig(kubeconfig), options);
}

/** Throws when the configuration has no cluster. */
export const clientOf = (config: KubeConfig, options: KubeClientOptions): KubeClient =>
  new HttpKubeClient(config, serverOf(config), options);

/** Where the API is, without a slash at the end. */
export function serverOf(config: KubeConfig): string {
  const server = config.getCurrentCluster()?.server;
  if (!server) throw new Error(`kubeconfig: the context \`${config.getCurrentContext()}\` names no cluster`);
  return server.replace(/\/+$/, '');
}

export function podConfig(): KubeConfig {
  if (!process.env['KUBERNETES_SERVICE_HOST']) throw new Error('not in a pod, so a kubeconfig is needed');
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

export function fileConfig(path: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
  } catch (error) {
    throw new Error(`kubeconfig \`${path}\`: ${whyUnreadable(error)}`, { cause: error });
  }
  return config;
}

/** In one line: a parser of YAML draws the place below what it says. */
function whyUnreadable(error: unknown): string {
  if (codeOf(error) === 'ENOENT') return 'there is no such file';
  return messageOf(error).split('\n', 1)[0] ?? '';
}

/**
 * The library's configuration, authentication and HTTP, but neither its typed API, which makes a model object
 * of every object in a list, nor its `Watch`, which hides what its callback throws and gives up a silent
 * stream after 30 s, while bookmarks come once a minute.
 */
class HttpKubeClient implements KubeClient {
  readonly #config: KubeConfig;
  readonly #server: string;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #http = new IsomorphicFetchHttpLibrary();
  #pool: { readonly dispatcher: Dispatcher; readonly until: number } | null = null;

  constructor(config: KubeConfig, server: string, options: KubeClientOptions) {
    this.#config = config;
    this.#server = server;
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
  }

  get(path: string, query: Query, signal: AbortSignal): Promise<Result<unknown, KubeFailure>> {
    return this.#ask({ method: HttpMethod.GET, path, query, signal });
  }

  mergePatch(path: string, body: object, signal: AbortSignal): Promise<Result<unknown, KubeFailure>> {
    return this.#ask({ method: HttpMethod.PATCH, path, query: {}, body, signal });
  }

  create(path: string, body: object, signal: AbortSignal): Promise<Result<unknown, KubeFailure>> {
    return this.#ask({ method: HttpMethod.POST, path, query: {}, body, signal });
  }

  async *watch(path: string, call: WatchCall): AsyncGenerator<Result<WatchEvent, KubeFailure>> {
    const deadline = new Deadline();
    deadline.extend(this.#timeoutMs);
    const signal = AbortSignal.any([call.signal, deadline.signal]);
    try {
      const answer = await this.#send({ method: HttpMethod.GET, path, query: call.query, signal });
      if (!answer.ok) return yield answer;
      const body = answer.value.body.stream();
      if (body === null) return yield err(badAnswer('the watch has no body'));
      yield ok({ type: 'OPENED', object: null });
      deadline.extend(call.idleMs);
      for await (const event of watchEvents(touching(body, () => deadline.extend(call.idleMs)))) {
        yield deadline.passed ? err(idle(call.idleMs)) : event;
      }
    } finally {
      deadline.end();
    }
  }

  async #ask(ask: Ask): Promise<Result<unknown, KubeFailure>> {
    const signal = AbortSignal.any([ask.signal, AbortSignal.timeout(this.#timeoutMs)]);
    const answer = await this.#send({ ...ask, signal });
    if (!answer.ok) return answer;
    const text = await readText(answer.value);
    return text.ok ? parseJson(text.value) : text;
  }

  /** The answer, if it is one of success. */
  async #send(ask: Ask): Promise<Result<Answer, KubeFailure>> {
    try {
      const answer = await this.#http.send(await this.#request(ask)).toPromise();
      if (answer.httpStatusCode < 300) return ok(answer);
      const text = await readText(answer);
      const body = text.ok ? parseJson(text.value) : text;
      return err(refusal(answer.httpStatusCode, body.ok ? body.value : null));
    } catch (error) {
      this.#pool = null;
      return err(unreachable(error));
    }
  }

  async #request(ask: Ask): Promise<RequestContext> {
    const context = new RequestContext(this.#server + ask.path, ask.method);
    for (const [name, value] of Object.entries(ask.query)) context.setQueryParam(name, value);
    context.setHeaderParam('Accept', 'application/json');
    context.setHeaderParam('User-Agent', 'eastwall');
    if (ask.body !== undefined) {
      const isPatch = ask.method === HttpMethod.PATCH;
      context.setHeaderParam('Content-Type', isPatch ? 'application/merge-patch+json' : 'application/json');
      context.setBody(JSON.stringify(ask.body));
    }
    context.setSignal(ask.signal);
    await this.#config.applySecurityAuthentication(context);
    this.#usePool(context);
    return context;
  }

  #usePool(context: RequestContext): void {
    const now = this.#clock.monotonic();
    const fresh = context.getDispatcher();
    if (this.#pool !== null && now < this.#pool.until) context.setDispatcher(this.#pool.dispatcher);
    else if (fresh !== undefined) this.#pool = { dispatcher: fresh, until: now + POOL_LIFE_MS };
  }
}

async function readText(answer: Answer): Promise<Result<string, KubeFailure>> {
  try {
    return ok(await answer.body.text());
  } catch (error) {
    return err(unreachable(error));
  }
}

async function* touching(body: AsyncIterable<Uint8Array>, touch: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    touch();
    yield chunk;
  }
}
