/** What happens again and again: does its part at `now` and says how many ms until the next time. */
export type Process = (now: number) => number | null;

interface Due {
  readonly at: number;
  readonly process: Process;
}

/** Virtual time: a day of traffic takes a second. */
export class Timeline {
  readonly #heap: Due[] = [];
  #now: number;

  constructor(start: number) {
    this.#now = start;
  }

  get now(): number {
    return this.#now;
  }

  start(process: Process, after = 0): void {
    this.#push({ at: this.#now + after, process });
  }

  runUntil(end: number): void {
    for (let due = this.#heap[0]; due !== undefined && due.at <= end; due = this.#heap[0]) {
      this.#pop();
      this.#now = due.at;
      const wait = due.process(due.at);
      if (wait !== null) this.#push({ at: due.at + wait, process: due.process });
    }
    this.#now = end;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || parent.at <= due.at) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      const below = b !== undefined && a !== undefined && b.at < a.at ? left + 1 : left;
      const child = heap[below];
      if (child === undefined || child.at >= last.at) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}
