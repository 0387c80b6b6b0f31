import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FromDataplane } from '../ipc/messages.ts';
import { err, type Result } from '../kernel/result.ts';
import type { Learned } from '../record/learned.ts';
import type { OperationUsage } from '../record/operation-usage.ts';
import { decodeState, encodeState, MAX_FILE_BYTES, type SavedState } from './learned-file.ts';
import { mergedLearned } from './learned-merge.ts';
import type { SuccessionCapture } from './succession.ts';

export interface LearnedKeeperOptions {
  /** Where it is kept; null for nowhere. */
  readonly path: string | null;
  readonly dataplanes: number;
  readonly catalog: {
    readonly usages: readonly OperationUsage[];
    restore(usages: readonly OperationUsage[]): void;
  };
  readonly anomalies: { save(): Uint8Array; restore(saved: Uint8Array): boolean };
  /** What was read is to be told to all dataplanes. */
  readonly onRead: () => void;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

type Told = Extract<FromDataplane, { kind: 'learned' }>;

/** Of one dataplane. More is not kept. */
const MAX_TOLD = 100_000;

/**
 * Keeps what dataplanes have learnt, for those that come after them: here while the agent lives, and in a file for the
 * next one. Whatever is wrong with the file, the agent goes on without it.
 */
export class LearnedKeeper {
  readonly #options: LearnedKeeperOptions;
  /** By dataplane, as it was told last; and what is being told. */
  readonly #told = new Map<number, readonly Learned[]>();
  readonly #coming = new Map<number, Learned[]>();
  #read: readonly Learned[] = [];
  #writing: Promise<void> = Promise.resolve();
  #problem: string | null = null;
  /** Not before this agent has taken over, nor after another has: there is one file. */
  #inCharge = false;

  constructor(options: LearnedKeeperOptions) {
    this.#options = options;
  }

  /** What a dataplane that begins now is told. */
  get learned(): readonly Learned[] {
    return mergedLearned([this.#read, ...this.#told.values()]);
  }

  told({ learned, first, last }: Told, dataplane: number): void {
    const coming = first ? [] : (this.#coming.get(dataplane) ?? []);
    if (coming.length + learned.length <= MAX_TOLD) coming.push(...learned);
    this.#coming.set(dataplane, coming);
    if (!last) return;
    this.#coming.delete(dataplane);
    this.#told.set(dataplane, coming);
    // They have taken up what was read, and say it themselves.
    if (this.#told.size === this.#options.dataplanes) this.#read = [];
  }

  /** Takes up what the agent before this one has left. To be called once, before anything is intercepted. */
  read(): void {
    const { path, catalog, anomalies, onRead, log } = this.#options;
    this.#inCharge = true;
    if (path === null) return;
    discardUnfinished(path);
    const found = readState(path);
    if (found === null) return;
    if (!found.ok) {
      log.warn({ path, problem: found.error }, 'what was learnt before is not used');
      return;
    }
    const { learned } = found.value;
    this.#read = learned;
    catalog.restore(found.value.catalog);
    if (!anomalies.restore(found.value.anomalies))
      log.info({ path }, 'what is usual at which hour begins anew');
    log.info({ path, learned: learned.length }, 'took up what was learnt before');
    onRead();
  }

  /** One after the other; the last one is there when the promise resolves. */
  save(): Promise<void> {
    if (this.#options.path !== null) this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Another agent keeps it from now on. */
  async passOn(): Promise<void> {
    await this.save();
    this.#inCharge = false;
  }

  /** It does not, after all. */
  takeBack(): void {
    this.#inCharge = true;
  }

  /** The release is gone: nothing of it is kept, now and later. */
  async forget(): Promise<void> {
    await this.#writing;
    if (this.#options.path === null || !this.#inCharge) return;
    this.#inCharge = false;
    discard(this.#options.path);
  }

  async #write(): Promise<void> {
    const { path, catalog, anomalies, log } = this.#options;
    if (path === null || !this.#inCharge) return;
    const state: SavedState = { catalog: catalog.usages, learned: this.learned, anomalies: anomalies.save() };
    const problem = await encodeState(state).then(
      (file) => replace(path, file),
      (error: Error) => error.message,
    );
    if (problem !== null && problem !== this.#problem)
      log.warn({ path, problem }, 'what was learnt can not be kept');
    this.#problem = problem;
  }
}

/** What was learnt changes hands with the listeners. */
export const keptBy = (keeper: LearnedKeeper, capture: SuccessionCapture): SuccessionCapture => ({
  begin: (inherited) => {
    keeper.read();
    capture.begin(inherited);
  },
  enrolled: (inodes) => capture.enrolled(inodes),
  stepAside: async () => {
    await keeper.passOn();
    return capture.stepAside();
  },
  stepBack: () => {
    keeper.takeBack();
    return capture.stepBack();
  },
  retireFormer: () => capture.retireFormer(),
  lapse: (freed) => capture.lapse(freed),
});

/** Null when there is none. */
function readState(path: string): Result<SavedState, string> | null {
  try {
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) return null;
    if (size > MAX_FILE_BYTES) return err(`it has ${size} bytes`);
    return decodeState(readFileSync(path));
  } catch (error) {
    return err((error as Error).message);
  }
}

/** What is being written has a name of its own: an agent that hangs may write as well. */
const UNFINISHED = /^\.learned-[0-9a-f]{8}$/;

/** The whole file or the one before, whenever somebody looks. Returns what went wrong. */
function replace(path: string, file: Buffer): string | null {
  if (file.length > MAX_FILE_BYTES) return `it would have ${file.length} bytes`;
  const own = join(dirname(path), `.learned-${randomBytes(4).toString('hex')}`);
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(own, file, { mode: 0o600, flush: true });
    renameSync(own, path);
    return null;
  } catch (error) {
    discard(own);
    return (error as Error).message;
  }
}

/** Of agents that were killed while they wrote. */
function discardUnfinished(path: string): void {
  const directory = dirname(path);
  try {
    for (const name of readdirSync(directory)) if (UNFINISHED.test(name)) discard(join(directory, name));
  } catch {
    // There is no directory yet.
  }
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What can't be removed could not be written either.
  }
}
