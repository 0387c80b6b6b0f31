import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import type { CaptureEvent, Freed, Inheritance } from '../capture/protocol.ts';
import { type Predecessor, SuccessorDoor } from '../handover/successor-door.ts';
import { isPredecessorThere, type Takeover, takeOver } from '../handover/take-over.ts';
import type { NamespaceId } from '../ipc/messages.ts';
import type { Fd } from '../kernel/libc.ts';
import type { SupervisorLog } from './supervisor-options.ts';

/** What succession does to capture; see `CaptureClient`. */
export interface SuccessionCapture {
  begin(inherited: readonly Inheritance[]): void;
  enrolled(inodes: readonly number[]): NamespaceId[];
  stepAside(): Promise<readonly Inheritance[]>;
  stepBack(): Promise<void>;
  retireFormer(): Promise<void>;
  lapse(whom: Freed): Promise<void>;
}

export interface SuccessionOptions {
  /** Of the socket where agents of this node meet. */
  readonly path: string;
  readonly capture: SuccessionCapture;
  /** Why this agent could not serve anybody; null when it can. */
  readonly captureProblem: () => string | null;
  readonly supervisor: { cede(namespaces: readonly NamespaceId[]): void; reclaim(): void };
  /** Where operators look for the agent of this node. */
  readonly admin: { claim(): Promise<void>; cede(): void; readonly isFound: boolean };
  /** Time between two looks whether it is still found there, in ms. */
  readonly lookFoundMs?: number;
  readonly log: SupervisorLog;
}

const LOOK_AGAIN_MS = 100;
const LOOK_FOUND_MS = 5_000;
/** An agent that is alive answers in milliseconds; one that hangs must not keep its successor from coming. */
const GIVE_MS = 5_000;
/** For rules of a full node. What is not enrolled by then stays with the agent before us. */
const ENROL_MS = 10_000;
/** Another one that takes over is found by then, or hangs. */
const BUSY_MS = GIVE_MS + ENROL_MS + 5_000;

/**
 * The agent's place between the one before it and the one after it.
 *
 * INVARIANT: at any time at least one agent has each listener open and one accepts, and never do two change rules: who
 * takes over holds the other one still for as long as it lives.
 */
export class Succession implements Predecessor {
  readonly #options: SuccessionOptions;
  readonly #door: SuccessorDoor;
  /** Namespaces that were inherited and are not looked at yet, by inode. */
  #awaited = new Set<number>();
  #enrolled: number[] = [];
  #leaving = false;
  #freeing: Freed | null = null;
  /** The agent before this one, as long as it or one before it lives. */
  #before: Takeover | null = null;
  #givenBack = false;
  #arrived = Promise.withResolvers<void>();
  #looking: NodeJS.Timeout | null = null;
  #lost = '';

  constructor(options: SuccessionOptions) {
    this.#options = options;
    this.#door = new SuccessorDoor(options.path, this, options.log);
  }

  /** Whether another agent has taken over, or has got everything back. */
  get passedOn(): boolean {
    return this.#givenBack || this.#door.passedOn;
  }

  /**
   * Becomes the agent of this node. Where there is one, it serves until `prepared` has settled and takes part in the
   * change; where there is none, pods are captured at once. Rejects when this agent could only do worse than the one
   * that is there.
   */
  async begin(prepared: Promise<unknown>): Promise<void> {
    const { path, capture, captureProblem } = this.#options;
    await this.#whileServed(prepared);
    if (this.#leaving) return;
    const problem = captureProblem();
    if (problem !== null && isPredecessorThere(path))
      throw new Error(`taking over would end all capture: ${problem}`);
    const takeover = await this.#takeOver();
    if (takeover === null) capture.begin([]);
    else await this.#follow(takeover);
    // Before the other agent stops being found.
    await this.#becomeFound();
    if (takeover !== null) this.#taken(takeover);
  }

  /**
   * This agent is about to end. If the one before it still lives, that gets everything back; else the pods of
   * `freeing` are not sent here any more, unless another agent takes them.
   */
  async leave(freeing: Freed | null): Promise<void> {
    this.#leaving = true;
    this.#freeing = freeing;
    // Open connections are finished also where this fails.
    await this.#letGo().catch((error: Error) =>
      this.#options.log.error({ err: error }, 'pods could not be let go'),
    );
  }

  async #letGo(): Promise<void> {
    const { capture } = this.#options;
    if (this.passedOn) return;
    if (this.#before !== null) {
      await capture.stepAside();
      this.#givenBack = true;
      this.#before.giveBack();
    } else if (this.#freeing !== null) await capture.lapse(this.#freeing);
  }

  /** Another agent finds nobody here any more; one that has taken over learns that this one has ended. */
  close(): void {
    if (this.#looking !== null) clearInterval(this.#looking);
    // Who has taken over holds those before us by itself.
    if (this.#door.passedOn && this.#before !== null) {
      this.#givenBack = true;
      this.#before.giveBack();
    }
    this.#door.close();
  }

  /** What capture reports, for knowing when what was inherited is in our hands. */
  captured(event: CaptureEvent): void {
    if (event.kind !== 'enrolled' && event.kind !== 'failed') return;
    if (!this.#awaited.delete(event.inode)) return;
    if (event.kind === 'enrolled') this.#enrolled.push(event.inode);
    if (this.#awaited.size === 0) this.#arrived.resolve();
  }

  // === towards the agent after us ===

  stepAside(): Promise<readonly Inheritance[]> {
    return this.#options.capture.stepAside();
  }

  leases(): readonly Fd[] {
    return this.#before?.leases() ?? [];
  }

  taken(inodes: readonly number[]): void {
    const { supervisor, capture, admin } = this.#options;
    supervisor.cede(capture.enrolled(inodes));
    admin.cede();
  }

  stepBack(): void {
    const { capture, supervisor, log } = this.#options;
    supervisor.reclaim();
    const restored = this.#freeing === null ? capture.stepBack() : capture.lapse(this.#freeing);
    Promise.all([restored, this.#becomeFound()]).catch((error: Error) =>
      log.error({ err: error }, 'what the successor had taken could not be taken back'),
    );
  }

  // === towards the agent before us ===

  /** Two that come at once must not both think that the one before them is theirs. */
  async #takeOver(): Promise<Takeover | null> {
    const deadline = performance.now() + BUSY_MS;
    for (;;) {
      const takeover = await takeOver(this.#options.path, GIVE_MS);
      if (takeover?.turnedAway !== true || this.#leaving || performance.now() > deadline) return takeover;
      takeover.giveBack();
      await pause(LOOK_AGAIN_MS);
    }
  }

  async #whileServed(prepared: Promise<unknown>): Promise<void> {
    let ready = false;
    const waiting = prepared.then(() => {
      ready = true;
    });
    while (!ready && isPredecessorThere(this.#options.path)) {
      await Promise.race([waiting, pause(LOOK_AGAIN_MS)]);
    }
  }

  /** Resolves when all that was inherited has been looked at. */
  async #follow(takeover: Takeover): Promise<void> {
    const { estate, ended } = takeover;
    this.#before = takeover;
    void ended.then(() => {
      this.#before = null;
    });
    this.#awaited = new Set(estate.map(({ inode }) => inode));
    if (estate.length === 0) this.#arrived.resolve();
    this.#options.capture.begin(estate);
    await Promise.race([this.#arrived.promise, pause(ENROL_MS, null, { ref: false })]);
  }

  #taken(takeover: Takeover): void {
    const { log } = this.#options;
    const { estate, problem } = takeover;
    takeover.taken(this.#enrolled);
    const left = estate.length - this.#enrolled.length;
    if (problem === null && left === 0)
      log.info({ namespaces: estate.length }, 'took over from another agent');
    else
      log.warn(
        { namespaces: estate.length, left, problem },
        'took over from another agent, though not all of it',
      );
    void takeover.ended.then(() => this.#predecessorEnded());
  }

  #predecessorEnded(): void {
    const { capture, log } = this.#options;
    if (this.#givenBack) return;
    log.info({}, 'the agent before this one has ended');
    capture
      .retireFormer()
      .catch((error: Error) => log.warn({ err: error }, 'its exemptions could not be removed'));
  }

  async #becomeFound(): Promise<void> {
    this.#looking ??= setInterval(
      () => void this.#stayFound(),
      this.#options.lookFoundMs ?? LOOK_FOUND_MS,
    ).unref();
    await this.#door.open();
    await this.#options.admin.claim();
  }

  /** An agent whose sockets somebody has removed would not be taken over from: the next one would work against it. */
  async #stayFound(): Promise<void> {
    const { path, admin, log } = this.#options;
    if (this.passedOn || (this.#door.isFound && admin.isFound)) return;
    try {
      if (!this.#door.isFound) {
        if (isPredecessorThere(path)) throw new Error('another agent is found there');
        await this.#door.open();
      }
      if (!admin.isFound) await admin.claim();
      log.warn({ path }, 'this agent was not found any more where agents are looked for, and is again');
      this.#lost = '';
    } catch (error) {
      const problem = (error as Error).message;
      if (problem !== this.#lost)
        log.error({ path, problem }, 'this agent is not found where agents are looked for');
      this.#lost = problem;
    }
  }
}
