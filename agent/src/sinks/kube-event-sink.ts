import type { AgentEvent } from '../events/agent-event.ts';
import { kubeEvent } from '../events/kube-event.ts';
import { Backoff } from '../kernel/backoff.ts';
import { MinuteBudget } from '../kernel/minute-budget.ts';
import { pause } from '../kernel/pause.ts';
import type { Result } from '../kernel/result.ts';
import type { Finding } from '../record/finding.ts';
import type { OpenSink } from './open-sinks.ts';
import { SinkCounts } from './sink-counts.ts';

/** The part of the kube API's client that is used. */
export interface EventCreator {
  create(
    path: string,
    body: object,
    signal: AbortSignal,
  ): Promise<Result<unknown, { readonly status: number; readonly message: string }>>;
}

export interface KubeEventSinkOptions {
  readonly client: EventCreator;
  readonly perMinute: number;
  /** Of a pod of this node; empty when there is none of that name. */
  readonly uidOf: (namespace: string, pod: string) => string;
  readonly monotonic: () => number;
  readonly random: () => number;
}

/** Findings that wait for the kube API. */
const QUEUE = 100;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 60_000;

/** Kubernetes Events on the pods that findings are about: one per finding, and so many a minute. Lost with the agent. */
export class KubeEventSink implements OpenSink {
  readonly counts = new SinkCounts('kube-events');
  /** Too few to count. */
  readonly waitingBytes = 0;
  readonly #options: KubeEventSinkOptions;
  readonly #budget: MinuteBudget;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #queue: Finding[] = [];
  #sending: Promise<void> | null = null;

  constructor(options: KubeEventSinkOptions) {
    this.#options = options;
    this.#budget = new MinuteBudget(options.perMinute);
    this.#backoff = new Backoff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: options.random });
  }

  accept(event: AgentEvent): void {
    if (event.kind !== 'finding' || event.turn !== 'began') return;
    if (this.#queue.length >= QUEUE) this.counts.drop('queue_full', 1);
    else if (!this.#budget.spend(this.#options.monotonic())) this.counts.drop('rate', 1);
    else {
      this.counts.accepted++;
      this.#queue.push(event.finding);
      this.#sending ??= this.#send();
    }
  }

  async close(graceMs: number): Promise<void> {
    const grace = setTimeout(() => this.#stop.abort(), graceMs);
    await this.#sending;
    clearTimeout(grace);
    this.#stop.abort();
  }

  async #send(): Promise<void> {
    const { client, uidOf } = this.#options;
    for (
      let finding = this.#queue[0];
      finding !== undefined && !this.#stop.signal.aborted;
      finding = this.#queue[0]
    ) {
      const { namespace, pod } = finding.caller;
      const { path, body } = kubeEvent(finding, uidOf(namespace, pod));
      const answer = await client.create(path, body, this.#stop.signal);
      // 409: it is there already.
      if (answer.ok || answer.error.status === 409) this.#sent();
      else if (mayPass(answer.error.status)) await this.#wait(answer.error.message);
      else this.#refused(answer.error);
    }
    this.#sending = null;
  }

  #sent(): void {
    this.#queue.shift();
    this.counts.delivered++;
    this.counts.receiverProblem = null;
    this.#backoff.reset();
  }

  /** By a role that does not allow it; or for want of a namespace, which is no problem of the sink. */
  #refused({ status, message }: { readonly status: number; readonly message: string }): void {
    this.#queue.shift();
    this.counts.drop('refused', 1);
    this.counts.receiverProblem = status === 404 || message.includes(TERMINATING) ? null : message;
  }

  async #wait(why: string): Promise<void> {
    this.counts.receiverProblem = why;
    this.counts.retries++;
    await pause(this.#backoff.next(), this.#stop.signal);
  }
}

/** What the API server says of what is made in a namespace that is being deleted, with 403. */
const TERMINATING = 'because it is being terminated';

/** No answer, an overloaded server, or one that asks for patience. */
const mayPass = (status: number): boolean => status === 0 || status >= 500 || status === 429;
