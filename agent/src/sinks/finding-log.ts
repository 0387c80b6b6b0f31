import type { FindingBefore } from '../events/agent-event.ts';
import type { Finding } from '../record/finding.ts';

export interface FindingLogLimits {
  /** Findings kept; the oldest resolved one goes first, else the oldest. */
  readonly capacity: number;
  readonly maxSubscribers: number;
}

/** One reader of changes. A finding that changes twice before `take` is taken once, as it is then. */
export interface FindingSubscription {
  take(): readonly Finding[];
  close(): void;
}

interface Subscriber {
  readonly changed: Set<string>;
  readonly wake: () => void;
}

/** Findings that had to make room while they were open, which is remembered of them; each takes some 100 bytes. */
const MAX_FORGOTTEN = 10_000;

/** The last findings of this node, and those who follow them. */
export class FindingLog {
  readonly #limits: FindingLogLimits;
  /** In the order in which they began. */
  readonly #findings = new Map<string, Finding>();
  /** When each was told last, in monotonic ms. */
  readonly #toldAt = new Map<string, number>();
  /** Open ones that had to make room, oldest first: they have begun, and are no new ones when they grow. */
  readonly #forgotten = new Map<string, FindingBefore>();
  readonly #subscribers = new Set<Subscriber>();

  constructor(limits: FindingLogLimits) {
    this.#limits = limits;
  }

  append(findings: readonly Finding[], now = 0): void {
    for (const finding of findings) {
      if (!this.#findings.has(finding.id)) this.#makeRoom();
      this.#forgotten.delete(finding.id);
      this.#findings.set(finding.id, finding);
      this.#toldAt.set(finding.id, now);
      for (const subscriber of this.#subscribers) offer(subscriber, finding.id);
    }
  }

  find(id: string): Finding | null {
    return this.#findings.get(id) ?? null;
  }

  /** A finding as it was told last; null for one that begins. */
  before(id: string): FindingBefore | null {
    return this.find(id) ?? this.#forgotten.get(id) ?? null;
  }

  /** All that are kept, the oldest first. */
  get all(): readonly Finding[] {
    return [...this.#findings.values()];
  }

  get open(): readonly Finding[] {
    return this.all.filter(({ state }) => state === 'open');
  }

  /** Those that are open and of which nothing was told since that time, in monotonic ms. */
  quietSince(time: number): readonly Finding[] {
    const quiet: Finding[] = [];
    for (const finding of this.#findings.values())
      if (finding.state === 'open' && (this.#toldAt.get(finding.id) ?? 0) <= time) quiet.push(finding);
    return quiet;
  }

  /** True while there is no room for one more subscriber. */
  get full(): boolean {
    return this.#subscribers.size >= this.#limits.maxSubscribers;
  }

  /** `wake` is called once per filling of an empty queue. Throws when the log is full. */
  subscribe(wake: () => void): FindingSubscription {
    if (this.full) throw new RangeError(`more than ${this.#limits.maxSubscribers} subscribers`);
    const subscriber: Subscriber = { changed: new Set(), wake };
    this.#subscribers.add(subscriber);
    return {
      take: () => this.#take(subscriber),
      close: () => this.#subscribers.delete(subscriber),
    };
  }

  #take({ changed }: Subscriber): Finding[] {
    const taken = [...changed].flatMap((id) => this.find(id) ?? []);
    changed.clear();
    return taken;
  }

  #makeRoom(): void {
    if (this.#findings.size < this.#limits.capacity) return;
    let victim = '';
    for (const [id, { state }] of this.#findings) {
      if (victim === '' || state === 'resolved') victim = id;
      if (state === 'resolved') break;
    }
    this.#forget(victim);
  }

  #forget(id: string): void {
    const finding = this.find(id);
    this.#findings.delete(id);
    this.#toldAt.delete(id);
    if (finding?.state !== 'open') return;
    const { state, action } = finding;
    this.#forgotten.set(id, { state, action });
    if (this.#forgotten.size <= MAX_FORGOTTEN) return;
    const [oldest] = this.#forgotten.keys();
    if (oldest !== undefined) this.#forgotten.delete(oldest);
  }
}

function offer({ changed, wake }: Subscriber, id: string): void {
  const wasEmpty = changed.size === 0;
  changed.add(id);
  if (wasEmpty) wake();
}
