import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Inheritance } from '../capture/protocol.ts';
import { isPredecessorThere, takeOver } from '../handover/take-over.ts';
import { Succession } from './succession.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const until = (expectation: () => void) => vi.waitFor(expectation, { timeout: 10_000, interval: 5 });

/** An agent's part in succession, with real sockets between agents, and notes of what it does to everything else. */
class Agent {
  readonly done: string[] = [];
  readonly succession: Succession;
  problem: string | null = null;
  readonly #prepared = Promise.withResolvers<void>();

  constructor(path: string, estate: readonly Inheritance[] = []) {
    const note = (what: string) => async () => {
      this.done.push(what);
    };
    this.succession = new Succession({
      path,
      capture: {
        begin: (inherited) => this.done.push(`begin with ${inherited.length}`),
        enrolled: (inodes) => [...inodes],
        stepAside: async () => {
          this.done.push('step aside');
          return estate;
        },
        stepBack: note('step back'),
        retireFormer: note('retire former'),
        lapse: note('lapse'),
      },
      captureProblem: () => this.problem,
      supervisor: {
        cede: (namespaces) => this.done.push(`cede ${namespaces}`),
        reclaim: () => this.done.push('reclaim'),
      },
      admin: { isFound: true, claim: note('claim'), cede: () => this.done.push('cede admin') },
      lookFoundMs: 20,
      log: silent,
    });
    onTestFinished(() => this.succession.close());
  }

  begin(): Promise<void> {
    return this.succession.begin(this.#prepared.promise);
  }

  prepare(): this {
    this.#prepared.resolve();
    return this;
  }
}

function place(): string {
  const directory = mkdtempSync(join(tmpdir(), 'ew-succession-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, 'handover.sock');
}

/** What is passed on does not matter here, as long as it is a descriptor. */
const listener = { direction: 'outbound', family: 4, port: 1, fd: openSync('/dev/null', 'r') } as const;

const netns = (inode: number): Inheritance => ({
  inode,
  listeners: [listener],
  makers: [],
  listenerMark: 1,
  exemptions: [],
});

/** All that happened at sockets before has been noticed when it resolves. */
async function roundTrip(path: string): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(`${path}.${turn}`, resolve));
    const client = connect(`${path}.${turn}`).resume();
    await once(client, 'close');
    server.close();
  }
}

async function alone(path: string, estate: readonly Inheritance[] = []): Promise<Agent> {
  const agent = new Agent(path, estate);
  await agent.begin();
  agent.done.length = 0;
  return agent;
}

describe('succession', () => {
  it('begins at once where nobody is, though nothing is prepared', async () => {
    const agent = new Agent(place());
    await agent.begin();
    expect(agent.done).toEqual(['begin with 0', 'claim']);
    await agent.succession.leave('open');
    expect([agent.done.at(-1), agent.succession.passedOn]).toEqual(['lapse', false]);
  });

  it('takes over when it is prepared, and says so when all is enrolled that can be', async () => {
    const path = place();
    const old = await alone(path, [netns(1), netns(2)]);
    const next = new Agent(path);
    const begun = next.begin();
    expect(old.done).toEqual([]);
    next.prepare();
    await until(() => expect(next.done).toEqual(['begin with 2']));
    const { succession } = next;
    const enrolled = { listeners: [], estate: netns(1), path: '', tookMs: 1 };
    succession.captured({ kind: 'enrolled', ns: 9, inode: 1, ...enrolled });
    // Neither a namespace of its own nor a second word about one counts.
    succession.captured({ kind: 'enrolled', ns: 9, inode: 1, ...enrolled });
    succession.captured({ kind: 'enrolled', ns: 8, inode: 7, ...enrolled });
    expect(next.done).toHaveLength(1);
    succession.captured({ kind: 'failed', inode: 2, path: '', problem: 'no' });
    await begun;
    await until(() => expect(old.done).toEqual(['step aside', 'cede 1', 'cede admin']));
    await old.succession.leave('open');
    expect([old.done.length, old.succession.passedOn]).toEqual([3, true]);
    old.succession.close();
    await until(() => expect(next.done).toEqual(['begin with 2', 'claim', 'retire former']));
  });

  it('does not wait for preparations when the agent before ends', async () => {
    const path = place();
    const old = await alone(path);
    const next = new Agent(path);
    const begun = next.begin();
    old.succession.close();
    await begun;
    expect(next.done).toEqual(['begin with 0', 'claim']);
  });

  it('leaves an agent in place that it could not replace', async () => {
    const path = place();
    const old = await alone(path);
    const next = new Agent(path).prepare();
    next.problem = 'no rules';
    await expect(next.begin()).rejects.toThrow('taking over would end all capture: no rules');
    expect([old.done, next.done]).toEqual([[], []]);
  });

  it('takes nothing over when it is told to end before', async () => {
    const path = place();
    const old = await alone(path);
    const next = new Agent(path);
    const begun = next.begin();
    await next.succession.leave('open');
    next.prepare();
    await begun;
    expect([old.done, next.done]).toEqual([[], ['lapse']]);
  });

  it('gives everything back to an agent that outlives it', async () => {
    const path = place();
    const old = await alone(path);
    const next = new Agent(path).prepare();
    await next.begin();
    await next.succession.leave('open');
    expect([next.done.at(-1), next.succession.passedOn]).toEqual(['step aside', true]);
    await until(() => expect(old.done.slice(-3).sort()).toEqual(['claim', 'reclaim', 'step back']));
    expect(old.succession.passedOn).toBe(false);
    const third = new Agent(path).prepare();
    await third.begin();
    await until(() => expect(old.done.at(-1)).toBe('cede admin'));
  });

  it('leaves everything to the third of three agents while the first is still at its last connections', async () => {
    const path = place();
    const first = await alone(path);
    const second = new Agent(path).prepare();
    await second.begin();
    await until(() => expect(first.done.at(-1)).toBe('cede admin'));
    const third = new Agent(path).prepare();
    await third.begin();
    await until(() => expect(second.done.at(-1)).toBe('cede admin'));
    const before = [...first.done];
    await second.succession.leave('open');
    second.succession.close();
    // What the first may have been told comes before this.
    await roundTrip(path);
    expect([first.done, first.succession.passedOn]).toEqual([before, true]);
    expect(third.done).toEqual(['begin with 0', 'claim']);
    await third.succession.leave('open');
    await until(() => expect(first.done.slice(-3).sort()).toEqual(['claim', 'reclaim', 'step back']));
    first.succession.close();
  });

  it('keeps exemptions until all agents before have ended', async () => {
    const path = place();
    const first = await alone(path);
    const second = new Agent(path).prepare();
    await second.begin();
    const third = new Agent(path).prepare();
    await third.begin();
    second.succession.close();
    await roundTrip(path);
    expect(third.done).toEqual(['begin with 0', 'claim']);
    first.succession.close();
    await until(() => expect(third.done.at(-1)).toBe('retire former'));
  });

  it('waits for another new agent that is about to take over, and takes over from that', async () => {
    const path = place();
    const old = await alone(path, [netns(1)]);
    const second = new Agent(path).prepare();
    const secondBegun = second.begin();
    await until(() => expect(second.done).toEqual(['begin with 1']));
    const third = new Agent(path).prepare();
    const thirdBegun = third.begin();
    await roundTrip(path);
    const enrolled = { listeners: [], estate: netns(1), path: '', tookMs: 1 };
    second.succession.captured({ kind: 'enrolled', ns: 9, inode: 1, ...enrolled });
    await Promise.all([secondBegun, thirdBegun]);
    await until(() =>
      expect(second.done).toEqual(['begin with 1', 'claim', 'step aside', 'cede ', 'cede admin']),
    );
    expect(old.done).toEqual(['step aside', 'cede 1', 'cede admin']);
    expect(third.done).toEqual(['begin with 0', 'claim']);
  });

  it('is found again when somebody has removed where it is found', async () => {
    const path = place();
    const old = await alone(path);
    rmSync(path);
    await until(() => expect(isPredecessorThere(path)).toBe(true));
    const next = new Agent(path).prepare();
    await next.begin();
    await until(() => expect(old.done.at(-1)).toBe('cede admin'));
    // It is not its place any more.
    rmSync(path);
    await until(() => expect(isPredecessorThere(path)).toBe(true));
    expect([old.succession.passedOn, next.succession.passedOn]).toEqual([true, false]);
  });

  it('lets pods go again when the agent after it ends while it is about to end itself', async () => {
    const path = place();
    const old = await alone(path);
    await old.succession.leave('open');
    const takeover = await takeOver(path, 10_000);
    expect(old.succession.passedOn).toBe(true);
    takeover?.giveBack();
    await until(() => expect(old.done.filter((what) => what === 'lapse')).toHaveLength(2));
  });
});
