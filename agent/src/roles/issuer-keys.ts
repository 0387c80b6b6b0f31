import type { IssuerStatus } from '../admin/agent-status.ts';
import type { Issuer, IssuerKeys } from '../identity/issuer.ts';
import { isObject } from '../identity/json.ts';
import { fetchProblem } from '../kernel/fetch-problem.ts';

export interface IssuerWatchOptions {
  readonly issuers: readonly Issuer[];
  readonly refreshMs: number;
  /** Whenever the keys of any issuer are other than before. */
  readonly onKeys: (issuers: readonly IssuerKeys[]) => void;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

const TIMEOUT_MS = 5_000;
const RETRY_MS = 5_000;
/** A key is about a kilobyte; issuers have a handful. */
const MAX_BYTES = 256 * 1_024;
const MAX_KEYS = 64;

/**
 * Fetches the keys of issuers and keeps them fresh. An issuer that does not answer keeps its last keys: its tokens go on
 * to be good until they expire.
 */
export class IssuerWatch {
  readonly #options: IssuerWatchOptions;
  readonly #keys = new Map<string, readonly object[]>();
  /** By issuer; null where the last answer was good, absent before the first. */
  readonly #problems = new Map<string, string | null>();
  readonly #ending = new AbortController();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(options: IssuerWatchOptions) {
    this.#options = options;
  }

  start(): void {
    for (const issuer of this.#options.issuers) void this.#refresh(issuer);
  }

  stop(): void {
    this.#ending.abort();
    for (const timer of this.#timers) clearTimeout(timer);
  }

  status(): IssuerStatus[] {
    return this.#options.issuers.map(({ issuer }) => ({
      issuer,
      keys: this.#keys.get(issuer)?.length ?? 0,
      problem: this.#problems.get(issuer) ?? (this.#problems.has(issuer) ? null : 'not answered yet'),
    }));
  }

  async #refresh(issuer: Issuer): Promise<void> {
    const problem = await fetchKeys(issuer.jwksUrl, this.#ending.signal)
      .then((keys) => this.#take(issuer, keys))
      .catch(fetchProblem);
    if (this.#ending.signal.aborted) return;
    this.#note(issuer, problem);
    const next = problem === null ? this.#options.refreshMs : RETRY_MS;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#refresh(issuer);
    }, next);
    this.#timers.add(timer);
  }

  /** Tells of changes, and not of each attempt. */
  #note({ issuer }: Issuer, problem: string | null): void {
    const { log } = this.#options;
    const before = this.#problems.get(issuer) ?? null;
    this.#problems.set(issuer, problem);
    if (problem !== null && problem !== before)
      log.warn({ issuer, problem }, 'keys of a token issuer can not be had');
    else if (problem === null && before !== null)
      log.info({ issuer }, 'keys of a token issuer can be had again');
  }

  #take({ issuer }: Issuer, keys: readonly object[]): null {
    if (JSON.stringify(this.#keys.get(issuer)) === JSON.stringify(keys)) return null;
    this.#keys.set(issuer, keys);
    this.#options.onKeys(
      this.#options.issuers.flatMap(({ issuer: name, audience }) => {
        const known = this.#keys.get(name);
        return known === undefined ? [] : [{ issuer: name, audience, keys: known }];
      }),
    );
    return null;
  }
}

async function fetchKeys(url: string, ending: AbortSignal): Promise<readonly object[]> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.any([ending, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const { keys } = JSON.parse(await textOf(response)) as { keys?: unknown };
  if (!Array.isArray(keys) || keys.length > MAX_KEYS) throw new Error('no list of keys');
  return keys.filter(isObject);
}

async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
