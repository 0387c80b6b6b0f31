import { Backoff } from '../../kernel/backoff.ts';
import { pause } from '../../kernel/pause.ts';
import { err, type Result } from '../../kernel/result.ts';
import { EXIT, type ExitCode } from '../terminal.ts';
import { followLines } from './admin-client.ts';
import { type AgentLink, type Asking, Complaints, within } from './fleet.ts';

/** A stream that is followed at every agent. */
export interface Stream {
  /** Where it is, when an agent is asked for it for the first time, or again. */
  path(agent: string, again: boolean): string;
  each(line: string, agent: string): void;
  /** Of each agent that was there at the beginning is known whether it answers. */
  begun?(agents: number): void;
}

/** How often to look for agents that have come; those that go are noticed at once. */
const LOOK_MS = 15_000;
const RETRY = { firstMs: 250, maxMs: 10_000 };

/**
 * Follows a stream of every agent until `signal`. What breaks off is taken up again as long as the fleet knows the agent,
 * and an agent that comes later is followed too.
 */
export async function followAgents(asking: Asking, stream: Stream): Promise<ExitCode> {
  const { fleet, terminal, signal, timeoutMs } = asking;
  const found = await fleet.find(within(timeoutMs, signal));
  if (!found.ok) {
    if (signal.aborted) return EXIT.ok;
    terminal.error(`eastwall: ${found.error}\n`);
    return EXIT.failed;
  }
  terminal.progress('connecting to agents');
  const following = new Following(asking, stream);
  const begun = await Promise.all(found.value.map((link) => following.add(link)));
  terminal.progress(null);
  stream.begun?.(begun.length);
  if (!signal.aborted && !begun.includes(true)) {
    await following.stop();
    return EXIT.failed;
  }
  await following.untilEnd();
  if (!signal.aborted) return EXIT.failed;
  return following.complete ? EXIT.ok : EXIT.partial;
}

class Following {
  readonly #asking: Asking;
  readonly #stream: Stream;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #running = new Map<string, Promise<void>>();
  readonly #complaints: Complaints;
  /** Agents that can't be followed now. */
  readonly #broken = new Set<string>();
  /** Agents whose last stream had begun. */
  readonly #opened = new Set<string>();

  constructor(asking: Asking, stream: Stream) {
    this.#asking = asking;
    this.#stream = stream;
    this.#complaints = new Complaints(asking.terminal);
    this.#signal = AbortSignal.any([asking.signal, this.#stop.signal]);
  }

  get complete(): boolean {
    return this.#broken.size === 0;
  }

  /** Resolves with whether it answers, once that is known. */
  add(link: AgentLink): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const run = this.#follow(link, resolve).finally(() => {
      this.#running.delete(link.name);
      resolve(false);
    });
    this.#running.set(link.name, run);
    return promise;
  }

  /** Until the signal; or, where agents don't come and go, until the last has gone. */
  async untilEnd(): Promise<void> {
    const { changes } = this.#asking.fleet;
    while (!this.#signal.aborted) {
      await Promise.race([
        pause(LOOK_MS, this.#signal),
        ...(changes ? [] : [Promise.all(this.#running.values())]),
      ]);
      if (this.#signal.aborted) break;
      const found = await this.#find();
      if (!found.ok) continue;
      if (!changes && this.#running.size === 0) return;
      for (const link of found.value) if (!this.#running.has(link.name)) void this.add(link);
    }
    await this.stop();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running.values());
  }

  async #follow(first: AgentLink, opened: (open: boolean) => void): Promise<void> {
    const { name } = first;
    const backoff = new Backoff({ ...RETRY, random: Math.random });
    let link: AgentLink | undefined = first;
    for (let tries = 0; link !== undefined; tries++) {
      const end = await this.#read(link, tries > 0, () => {
        backoff.reset();
        opened(true);
      });
      if (this.#signal.aborted) return;
      opened(false);
      // What is taken up again at once has lost nothing, and nobody is told.
      if (!this.#opened.delete(name)) this.#note(link, end);
      await pause(backoff.next(), this.#signal);
      link = (await this.#again(link)) ?? undefined;
    }
    if (this.#asking.fleet.changes) this.#broken.delete(name);
    else this.#note(first, err('it is gone'));
  }

  /** The way to the same agent; null when it has gone. */
  async #again(link: AgentLink): Promise<AgentLink | null> {
    const found = await this.#find();
    // When nobody can say what there is, it is still worth a try.
    if (!found.ok) return link;
    return found.value.find(({ name, leaving }) => name === link.name && !leaving) ?? null;
  }

  #read(link: AgentLink, again: boolean, opened: () => void): Promise<Result<null, string>> {
    const { timeoutMs } = this.#asking;
    return followLines(link, this.#stream.path(link.name, again), {
      signal: this.#signal,
      opening: within(timeoutMs, this.#signal),
      opened: () => {
        this.#broken.delete(link.name);
        this.#opened.add(link.name);
        opened();
      },
      each: (line) => this.#stream.each(line, link.name),
    });
  }

  /** Told once, not at every try. */
  #note(link: AgentLink, end: Result<null, string>): void {
    if (!this.#broken.has(link.name))
      this.#complaints.about(link, end.ok ? 'the agent has ended the stream' : end.error);
    this.#broken.add(link.name);
  }

  #find() {
    const { fleet, timeoutMs } = this.#asking;
    return fleet.find(within(timeoutMs, this.#signal));
  }
}
