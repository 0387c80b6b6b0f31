import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { FlowRecord, Outcome, Protocol } from '../../agent/src/record/record.ts';
import type { ExecResult } from '../../agent/src/sandbox/client/sandbox-client.ts';
import { type SandboxHandle, startSandbox } from '../../agent/src/sandbox/start-sandbox.ts';
import type { TopologyInput } from '../../agent/src/sandbox/topology/schema.ts';
import { eventuallyAsync, statusOf } from '../support/agent.ts';
import { FlowFollower } from './flow-follower.ts';

/** The pods that do everything twice. They differ in nothing but that one of them opted out. */
const CAPTURED = 'apps/captured';
const DIRECT = 'apps/direct';
/** The node of both; the servers are on the other one. */
export const HERE = 'here';
export const THERE = 'there';

/** Patience with a busy machine: a cluster with databases that are made from nothing. */
export const START_MS = 300_000;

export interface Servers {
  readonly pods: NonNullable<TopologyInput['pods']>;
  readonly services: NonNullable<TopologyInput['services']>;
}

export interface Exchange {
  /** Runs in both pods, with `$SCRATCH` naming a new directory each time. */
  readonly command: readonly string[];
  readonly input?: string;
  /** The Service that it talks to, and as what the agent must have followed that. */
  readonly service: string;
  readonly protocol: Protocol;
  /** How many exchanges it is for the agent, at least; 1 unless given. */
  readonly exchanges?: number;
  /** How the agent must say that its exchanges ended; `ok` unless given. */
  readonly outcomes?: readonly Outcome[];
  /** How the command must end; 0 unless given. */
  readonly code?: number;
  readonly timeoutMs?: number;
}

export interface Twice {
  readonly code: number;
  readonly stdout: string;
  /** What the agent recorded of it. */
  readonly records: readonly FlowRecord[];
}

/** A sandbox cluster with two pods that are the same, except that the agent sees what one of them sends. */
export class Twins implements AsyncDisposable {
  readonly sandbox: SandboxHandle;
  readonly #flows: FlowFollower;

  private constructor(sandbox: SandboxHandle, flows: FlowFollower) {
    this.sandbox = sandbox;
    this.#flows = flows;
  }

  static async start({ pods, services }: Servers, agentArgs: readonly string[] = []): Promise<Twins> {
    const sandbox = await startSandbox({
      readyTimeoutMs: START_MS - 60_000,
      topology: {
        nodes: [HERE, THERE],
        namespaces: [{ name: 'apps' }],
        agents: { args: [...agentArgs] },
        pods: [client(CAPTURED), client(DIRECT, { 'eastwall.dev/capture': 'disabled' }), ...pods],
        services,
      },
    });
    const twins = new Twins(sandbox, await FlowFollower.on(sandbox.agentSocket(HERE)));
    await twins.#proven();
    return twins;
  }

  /**
   * Does the exchange from both pods, first without the agent. Both must end the same, and the agent must have
   * followed the one from the captured pod, so that nothing passes by going round it.
   */
  async same(exchange: Exchange): Promise<Twice> {
    const without = await this.#run(DIRECT, exchange);
    expect(without.code, `without the agent: ${without.stdout}${without.stderr}`).toBe(exchange.code ?? 0);
    const since = Date.now();
    const lost = this.#flows.dropped;
    const within = await this.#run(CAPTURED, exchange);
    expect(resultOf(within), within.stderr).toEqual(resultOf(without));
    const records = await this.#followed(exchange, since);
    expect(this.#flows.dropped, 'records that did not reach the test').toBe(lost);
    return { ...resultOf(within), records };
  }

  /** The records of an exchange that began at `since`, in milliseconds since the epoch, or later. */
  async #followed(exchange: Exchange, since: number): Promise<FlowRecord[]> {
    const { service, protocol, exchanges = 1, outcomes = ['ok'] } = exchange;
    const isOurs = (record: FlowRecord) =>
      record.time >= since &&
      record.destination.services.some((ref) => ref.service === service) &&
      (record.protocol === protocol || !isSilent(record));
    await eventuallyAsync(async () => {
      expect(this.#flows.records.filter(isOurs).length).toBeGreaterThanOrEqual(exchanges);
    });
    const found = this.#flows.records.filter(isOurs);
    for (const record of found) {
      expect(record).toMatchObject({ protocol, verdict: 'allow', caller: { pod: 'captured' } });
      expect(outcomes, JSON.stringify(record)).toContain(record.outcome);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flows.close();
    await this.sandbox.stop();
  }

  async #run(pod: string, { command, input = '', timeoutMs = 60_000 }: Exchange): Promise<ExecResult> {
    const scratch = await mkdtemp(join(tmpdir(), 'eastwall-twin-'));
    try {
      return await this.sandbox.exec(pod, command, { input, timeoutMs, env: { SCRATCH: scratch } });
    } finally {
      await rm(scratch, { recursive: true });
    }
  }

  /** One pod is captured, the other is not, and records of the first arrive here. */
  async #proven(): Promise<void> {
    const { pods } = await statusOf(this.sandbox, HERE);
    const stateOf = (name: string) =>
      pods.find(({ namespace, pod }) => `${namespace}/${pod}` === name)?.state;
    expect([stateOf(CAPTURED), stateOf(DIRECT)]).toEqual(['enrolled', 'opted-out']);
    const nobody = await this.sandbox.podIp(DIRECT);
    await eventuallyAsync(async () => {
      await this.sandbox.exec(CAPTURED, ['curl', '-s', '-m', '5', `http://${nobody}:9/`]);
      expect(this.#flows.records).not.toEqual([]);
    });
  }
}

const client = (pod: string, annotations: Record<string, string> = {}) => ({
  name: pod.replace('apps/', ''),
  namespace: 'apps',
  node: HERE,
  command: ['sleep', 'infinity'],
  ready: 'started' as const,
  annotations,
});

/** On a busy machine clients lose patience and try another address, too: a connection on which nothing was said. */
const isSilent = ({ bytesSent, bytesReceived, outcome }: FlowRecord) =>
  bytesSent + bytesReceived === 0 && outcome === 'ok';

/** The twins take their turns, and servers tell the time. */
const resultOf = ({ code, stdout }: ExecResult) => ({ code, stdout: stdout.replaceAll(DATE, 'Date: then') });

const DATE = /^date: .*GMT/gim;

/**
 * A command line that fails when any part of a pipe does; it begins in the scratch directory. With a socket for its standard
 * input bash takes itself to be run by rshd, and would read what the user of this machine has in `.bashrc`.
 */
export const bash = (line: string): readonly string[] => [
  'bash',
  '--norc',
  '-o',
  'pipefail',
  '-ec',
  `cd "$SCRATCH"; ${line}`,
];
