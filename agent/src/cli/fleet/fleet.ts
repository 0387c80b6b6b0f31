import type { Duplex } from 'node:stream';
import { advised } from '../../kernel/advice.ts';
import type { Result } from '../../kernel/result.ts';
import { visible } from '../format/text.ts';
import type { Terminal } from '../terminal.ts';

/** One agent, and how to reach what it tells. */
export interface AgentLink {
  /** As messages put it after `agent`: `at /run/eastwall/admin.sock`, `on node-a (eastwall-x7k2p)`. */
  readonly name: string;
  /** Its pod is being deleted: it may end at any time, and nobody misses it then. */
  readonly leaving?: boolean;
  /** What to do about a problem with it, where that is known. */
  advice?(problem: string): string | null;
  /** A connection to its admin interface; rejects with why there is none. */
  connect(signal: AbortSignal): Promise<Duplex>;
}

/** The agents that a command speaks to. */
export interface Fleet {
  /** Those that there are now; the error says why they can't be told. */
  find(signal: AbortSignal): Promise<Result<readonly AgentLink[], string>>;
  /** Whether agents come and go, so that who follows goes on when one, or all, have gone. */
  readonly changes: boolean;
}

/** What every command that asks agents is given. */
export interface Asking {
  readonly fleet: Fleet;
  readonly terminal: Terminal;
  /** Ends with Ctrl-C. */
  readonly signal: AbortSignal;
  /** For one answer of one agent, in milliseconds; infinite for none. */
  readonly timeoutMs: number;
}

/** Tells of agents that don't answer: each problem, and once what to do, since a hundred may have the same. */
export class Complaints {
  readonly #terminal: Pick<Terminal, 'error'>;
  readonly #advice = new Set<string>();

  constructor(terminal: Pick<Terminal, 'error'>) {
    this.#terminal = terminal;
  }

  about(link: Pick<AgentLink, 'name' | 'advice'>, problem: string): void {
    const line = `agent ${visible(link.name)}: ${visible(problem)}`;
    const advice = link.advice?.(problem) ?? null;
    const news = advice === null || this.#advice.has(advice) ? line : advised(line, advice);
    if (advice !== null) this.#advice.add(advice);
    this.#terminal.error(`eastwall: ${news}\n`);
  }
}

/** Fires with `signal` or after so long. */
export const within = (timeoutMs: number, signal: AbortSignal): AbortSignal =>
  Number.isFinite(timeoutMs) ? AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) : signal;
