import { describe, expect, it } from 'vitest';
import type { Stay } from '../kube/release-mark.ts';
import { Departure } from './departure.ts';

function setUp(given: { onExit?: 'remove' | 'keep'; passedOn?: boolean; stuck?: string } = {}) {
  const done: string[] = [];
  const note = (what: string) => async () => void done.push(what);
  const drained = Promise.withResolvers<void>();
  const world = { stay: 'stays' as Stay, word: () => {} };
  const departure = new Departure({
    readiness: { stopping: () => done.push('not ready') },
    succession: {
      leave: (freeing) => note(`leave ${freeing}`)(),
      close: () => done.push('close'),
      passedOn: given.passedOn ?? false,
    },
    supervisor: {
      drain: (graceMs) => {
        done.push(`drain ${graceMs}`);
        return drained.promise;
      },
    },
    capture: {
      release: note('release'),
      uninstall: async (whom) => {
        done.push(`uninstall ${whom}`);
        if (given.stuck !== undefined) throw new Error(given.stuck);
      },
    },
    learned: { forget: note('forget what was learnt') },
    onExit: given.onExit ?? 'remove',
    stay: () => world.stay,
    word: async () => world.word(),
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  return { departure, done, world, drained: drained.resolve };
}

describe('an agent that goes', () => {
  it('lets its pods go, waits for what is open, and then takes its rules away', async () => {
    const { departure, done, drained } = setUp();
    expect(departure.state).toEqual({ state: 'here' });
    const going = departure.go(5);
    expect(departure.state).toEqual({ state: 'leaving' });
    drained();
    await going;
    expect(done).toEqual(['not ready', 'leave open', 'drain 5', 'close', 'uninstall open']);
    expect(departure.state).toEqual({ state: 'left' });
  });

  it('leaves its rules to the next agent where that is wanted, or where it is there', async () => {
    for (const given of [{ onExit: 'keep' }, { passedOn: true }] as const) {
      const { departure, done, drained } = setUp(given);
      drained();
      await departure.go(0);
      expect(done.at(-1)).toBe('release');
    }
  });

  it.each(['leaving', 'gone'] as const)('takes all rules away when the release is %s', async (stay) => {
    const { departure, done, drained, world } = setUp({ onExit: 'keep' });
    world.stay = stay;
    drained();
    await departure.go(0);
    expect(done).toEqual(expect.arrayContaining(['leave all', 'forget what was learnt', 'uninstall all']));
  });

  it('hears of an uninstall while connections are at their last requests', async () => {
    const { departure, done, drained, world } = setUp();
    const going = departure.go(0);
    world.stay = 'gone';
    drained();
    await going;
    expect(done.at(-1)).toBe('uninstall all');
  });

  it('waits for word of a release that is deleted without asking, unless another agent is there', async () => {
    const { departure, done, drained, world } = setUp();
    world.word = () => {
      world.stay = 'gone';
    };
    drained();
    await departure.go(0);
    expect(done.at(-1)).toBe('uninstall all');
    const passed = setUp({ passedOn: true });
    passed.world.word = () => expect.unreachable();
    passed.drained();
    await passed.departure.go(0);
    // That one keeps it from now on.
    expect(passed.done).not.toContain('forget what was learnt');
  });

  it('goes once, whoever asks', async () => {
    const { departure, done, drained } = setUp();
    departure.uninstall(7);
    drained();
    await departure.go(9);
    expect(done.filter((what) => what.startsWith('drain'))).toEqual(['drain 7']);
  });

  it('says what it could not take away', async () => {
    const { departure, drained } = setUp({ stuck: '`cni-1`: EPERM' });
    drained();
    await expect(departure.go(0)).rejects.toThrow('EPERM');
    expect(departure.state).toEqual({ state: 'stuck', problem: '`cni-1`: EPERM' });
  });
});
