import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../kernel/errno.ts';
import { diskProblem } from './disk-problem.ts';
import { DiskTrial, tryToWriteIn } from './disk-trial.ts';
import { LineQueue, sizeOf, type TakenLines } from './line-queue.ts';
import { type Lines, Segment } from './segment.ts';
import type { SinkCounts } from './sink-counts.ts';
import { SpoolHome } from './spool-home.ts';

export interface SpoolOptions {
  /** Shared by all agents of the node. */
  readonly directory: string;
  /** On disk; what comes when it is full is dropped, since what was accepted is kept. */
  readonly maxBytes: number;
  readonly counts: SinkCounts;
  /** Called when there is something to read. */
  readonly onLines: () => void;
  /** How often a disk is tried that did not take something. */
  readonly trialMs?: number;
}

export interface BatchLimits {
  readonly events: number;
  readonly bytes: number;
}

/** Lines that were read, and are kept until `done`. */
export interface Batch extends Lines {
  readonly segment: Segment;
}

/** No more than this is sent twice when an agent was killed. */
const SEGMENT_BYTES = 256 << 10;
/** A power failure costs as much; being killed costs nothing, since the kernel has what was written. */
const SYNC_MS = 1_000;

/**
 * Events that wait on disk, in order, until they were delivered. They are accepted once they are written: from then on they
 * survive this process, and are delivered at least once.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #queue: LineQueue;
  readonly #trial: DiskTrial;
  #home: SpoolHome | null = null;
  /** Oldest first; the last one is written to. */
  #segments: Segment[] = [];
  /** One thing after the other: reading, writing and removing must not meet. */
  #turn: Promise<unknown> = Promise.resolve();
  #writing = false;
  #syncing = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    const { counts, directory, trialMs } = options;
    this.#queue = new LineQueue(counts);
    this.#trial = new DiskTrial(counts, () => tryToWriteIn(directory), trialMs);
  }

  /** On disk, and not delivered yet. */
  get bytes(): number {
    let bytes = 0;
    for (const { size, read } of this.#segments) bytes += size - read;
    return bytes;
  }

  /** Takes a line in, or drops and counts it; never waits. */
  append(line: string): void {
    if (!this.#queue.put(line) || this.#writing) return;
    this.#writing = true;
    void this.#inTurn(() => this.#write());
  }

  /** The oldest lines; null when there are none. */
  next({ events, bytes }: BatchLimits): Promise<Batch | null> {
    return this.#inTurn(async () => {
      for (const segment of [...this.#segments]) {
        if (!segment.isDone) {
          const found = await this.#guarded(() => segment.next(events, bytes));
          if (found === null) return null;
          if (found.lines.length > 0) return { ...found, segment };
          segment.read = found.end;
        }
        await this.#discard(segment);
      }
      return null;
    });
  }

  /** These lines are not needed any more. */
  done({ segment, end }: Batch): Promise<void> {
    return this.#inTurn(async () => {
      segment.read = end;
      // Also the one that is written to: else all of it would be sent again after a kill.
      if (segment.isDone) await this.#discard(segment);
    });
  }

  /** Takes over what agents have left behind that are no more. */
  adopt(): Promise<void> {
    return this.#inTurn(async () => {
      const adopted = await this.#guarded(async () => (await this.#inHome()).adopt());
      if (!adopted || adopted.length === 0) return;
      const segments = adopted.map((left) => new Segment(left.path, left));
      this.#segments = [...segments, ...this.#segments];
      this.#options.onLines();
    });
  }

  /** What is not delivered stays for the next agent. */
  async close(): Promise<void> {
    await this.#trial.close();
    await this.#inTurn(async () => {
      for (const segment of [...this.#segments]) {
        if (segment.isDone) await this.#discard(segment);
        else {
          await this.#guarded(() => segment.sync());
          await this.#guarded(() => segment.trim());
        }
        await this.#guarded(() => segment.close());
      }
      await this.#leaveHome();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #write(): Promise<void> {
    this.#writing = false;
    const taken = this.#queue.take();
    const lines = this.#fitting(taken);
    if (lines.length > 0) await this.#append(lines);
    this.#queue.settled(taken.bytes);
  }

  async #append(lines: readonly string[]): Promise<void> {
    const { counts, onLines } = this.#options;
    const text = `${lines.join('\n')}\n`;
    const written = await this.#guarded(async () => {
      await (await this.#segmentToWrite()).append(text);
      return true;
    });
    if (written !== true) {
      counts.drop('disk', lines.length);
      // Where there was no place for the first line, the next one tries another file: its directory may be gone.
      const last = this.#segments.at(-1);
      if (last?.size === 0) await this.#discard(last);
      return;
    }
    counts.accepted += lines.length;
    counts.diskProblem = null;
    void this.#syncSoon();
    onLines();
  }

  /** As many of the lines as there is room for on disk. */
  #fitting({ lines, bytes }: TakenLines): readonly string[] {
    let left = this.#options.maxBytes - this.bytes;
    if (bytes <= left) return lines;
    const kept = lines.filter((line) => {
      left -= sizeOf(line);
      return left >= 0;
    });
    this.#options.counts.drop('spool_full', lines.length - kept.length);
    return kept;
  }

  async #segmentToWrite(): Promise<Segment> {
    const last = this.#segments.at(-1);
    if (last !== undefined && !last.sealed && last.size < SEGMENT_BYTES) return last;
    // Many may wait: only what is written or read is open.
    await last?.sync();
    await last?.close();
    const segment = new Segment((await this.#inHome()).newFile());
    this.#segments.push(segment);
    return segment;
  }

  async #inHome(): Promise<SpoolHome> {
    this.#home ??= await SpoolHome.make(this.#options.directory);
    return this.#home;
  }

  async #leaveHome(): Promise<void> {
    const home = this.#home;
    this.#home = null;
    await home?.leave();
  }

  async #discard(segment: Segment): Promise<void> {
    this.#segments = this.#segments.filter((other) => other !== segment);
    await this.#guarded(() => segment.remove());
  }

  /**
   * What the file system refuses is the problem of this sink, and of nobody else. It lasts until a write goes well, or a
   * trial: a full disk can be read all the while.
   */
  async #guarded<T>(work: () => Promise<T>): Promise<T | null> {
    const { counts, directory } = this.#options;
    try {
      return await work();
    } catch (error) {
      counts.diskProblem = diskProblem(directory, error);
      // Somebody has removed the directory: the next line makes another.
      if (codeOf(error) === 'ENOENT') await this.#leaveHome();
      return null;
    }
  }

  async #syncSoon(): Promise<void> {
    if (this.#syncing) return;
    this.#syncing = true;
    await delay(SYNC_MS, undefined, { ref: false });
    this.#syncing = false;
    await this.#inTurn(() => this.#guarded(async () => this.#segments.at(-1)?.sync()));
  }
}
