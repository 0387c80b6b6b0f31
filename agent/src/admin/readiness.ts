/**
 * The agent is ready when nothing is left to do. Tasks are those of starting up, for the node as a whole: a pod that
 * can't be enrolled is reported and never makes the node unready.
 */
export class Readiness<Task extends string> {
  readonly #open: Set<Task | 'stopping'>;
  readonly #waiting = new Set<() => void>();

  constructor(tasks: readonly Task[]) {
    this.#open = new Set(tasks);
  }

  done(task: Task): void {
    this.#open.delete(task);
    for (const look of this.#waiting) look();
  }

  /** Resolves when all of these are done. */
  all(...tasks: readonly Task[]): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (tasks.some((task) => this.#open.has(task))) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** From here on never ready again: whoever routes by readiness is told before anything is taken down. */
  stopping(): void {
    this.#open.add('stopping');
  }

  get ready(): boolean {
    return this.#open.size === 0;
  }

  get waitingFor(): readonly string[] {
    return [...this.#open];
  }
}
