import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlClient } from './client/control-client.ts';
import { type Ending, type Launched, launch } from './client/launch.ts';
import { SandboxClient } from './client/sandbox-client.ts';
import { CONTROL_SOCKET, type SandboxSpec } from './protocol.ts';
import { compileTopology } from './topology/compile.ts';
import { loadTopology } from './topology/load.ts';
import type { TopologyInput } from './topology/schema.ts';

export interface SandboxOptions {
  readonly topology?: TopologyInput;
  /** Path of a topology file; either this or `topology`. */
  readonly file?: string;
  /** Made, and removed at the end; a new directory under the temporary one unless given. */
  readonly stateDir?: string;
  readonly log?: (line: string) => void;
  /** How long the pods may take to become ready. */
  readonly readyTimeoutMs?: number;
}

/** Ends a hang only: where a machine is busy with something else, agents take more than a minute. */
const READY_TIMEOUT_MS = 110_000;
/** Where somebody looks on, and can end it: a machine that is busy with something else takes as long. */
export const PATIENT_READY_TIMEOUT_MS = 180_000;

/** A sandbox that ends with `stop()`, at the end of an `await using` block, or with this process. */
export class SandboxHandle extends SandboxClient {
  readonly #launched: Launched;

  private constructor(stateDir: string, launched: Launched, control: ControlClient) {
    super(stateDir, launched.state, control);
    this.#launched = launched;
  }

  static async of(stateDir: string, launched: Launched): Promise<SandboxHandle> {
    return new SandboxHandle(stateDir, launched, await ControlClient.connect(join(stateDir, CONTROL_SOCKET)));
  }

  /** Settles when the sandbox has ended, for whatever reason. */
  get ended(): Promise<Ending> {
    return this.#launched.ended;
  }

  /** Ends the sandbox; when it returns nothing of it is left. */
  async stop(): Promise<void> {
    this.close();
    this.#launched.end();
    await this.#launched.ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Starts a sandbox cluster and waits until its pods are ready; throws a `SandboxError` that says what is wrong. */
export async function startSandbox(options: SandboxOptions): Promise<SandboxHandle> {
  const topology = await loadTopology(options);
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), 'eastwall-')));
  const spec: Omit<SandboxSpec, 'name'> = {
    stateDir,
    workingDir: process.cwd(),
    readyTimeoutMs: options.readyTimeoutMs ?? READY_TIMEOUT_MS,
    ...compileTopology(topology, { stateDir }),
  };
  const launched = await launch({ spec, log: options.log ?? (() => {}) });
  return SandboxHandle.of(stateDir, launched);
}
