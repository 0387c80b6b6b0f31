import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { aLearnedBaseline, aLearnedOperation, aLearnedProtocol } from '../../testing/learned.ts';
import { aUsage } from '../../testing/operation-usage.ts';
import type { Learned } from '../record/learned.ts';
import type { OperationUsage } from '../record/operation-usage.ts';
import { LearnedKeeper } from './learned-keeper.ts';

const directory = mkdtempSync(join(tmpdir(), 'eastwall-learned-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;

function setUp(path: string | null = join(directory, `${files++}`, 'learned')) {
  const said: string[] = [];
  const restored: { usages: readonly OperationUsage[]; anomalies: number[] } = { usages: [], anomalies: [] };
  const keeper = new LearnedKeeper({
    path,
    dataplanes: 2,
    catalog: {
      usages: [aUsage()],
      restore: (usages) => {
        restored.usages = usages;
      },
    },
    anomalies: {
      save: () => Uint8Array.of(1, 2),
      restore: (saved) => {
        restored.anomalies = [...saved];
        return saved.length > 0;
      },
    },
    onRead: () => said.push('read'),
    log: { info: () => {}, warn: (fields, message) => said.push(`${message} ${JSON.stringify(fields)}`) },
  });
  const tell = (learned: readonly Learned[], dataplane: number) =>
    keeper.told({ kind: 'learned', learned, first: true, last: true }, dataplane);
  return { keeper, path: path ?? '', said, restored, tell };
}

describe('what was learnt', () => {
  it('comes from one agent to the next', async () => {
    const first = setUp();
    first.keeper.read();
    first.tell([aLearnedOperation()], 0);
    first.tell([aLearnedProtocol(), aLearnedOperation()], 1);
    await first.keeper.save();
    expect(statSync(first.path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(first.path, '..'))).toEqual(['learned']);

    const next = setUp(first.path);
    next.keeper.read();
    expect(next.said).toEqual(['read']);
    expect(next.keeper.learned).toEqual([aLearnedOperation(), aLearnedProtocol()]);
    expect(next.restored).toEqual({ usages: [aUsage()], anomalies: [1, 2] });
  });

  it('is there for a dataplane that begins anew, until all have said it themselves', async () => {
    const first = setUp();
    first.keeper.read();
    first.tell([aLearnedBaseline(1), aLearnedBaseline(2)], 0);
    await first.keeper.save();
    const { keeper, tell } = setUp(first.path);
    keeper.read();
    tell([aLearnedBaseline(1)], 0);
    expect(keeper.learned).toHaveLength(2);
    tell([], 1);
    expect(keeper.learned).toEqual([aLearnedBaseline(1)]);
  });

  it('comes in parts, and counts when the last one is there', () => {
    const { keeper } = setUp();
    const say = (high: number, first: boolean, last: boolean) =>
      keeper.told({ kind: 'learned', learned: [aLearnedBaseline(high)], first, last }, 0);
    say(1, true, false);
    expect(keeper.learned).toEqual([]);
    // It has begun anew meanwhile.
    say(2, true, false);
    say(3, false, true);
    expect(keeper.learned).toEqual([aLearnedBaseline(2), aLearnedBaseline(3)]);
  });

  it('is not written by an agent that has not taken over, nor by one that another has taken over from', async () => {
    const { keeper, path, tell } = setUp();
    await keeper.save();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    keeper.read();
    tell([aLearnedOperation()], 0);
    await keeper.passOn();
    const passedOn = readFileSync(path);
    tell([], 0);
    await keeper.save();
    expect(readFileSync(path).equals(passedOn)).toBe(true);
    keeper.takeBack();
    await keeper.save();
    expect(readFileSync(path).equals(passedOn)).toBe(false);
  });

  it('is gone with the release, and is not written any more', async () => {
    const { keeper, path, tell } = setUp();
    keeper.read();
    tell([aLearnedOperation()], 0);
    const saved = keeper.save();
    await keeper.forget();
    await saved;
    await keeper.save();
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('is left alone by an agent that another has taken over from, also when the release goes', async () => {
    const { keeper, path } = setUp();
    keeper.read();
    await keeper.passOn();
    await keeper.forget();
    expect(readdirSync(join(path, '..'))).toEqual(['learned']);
  });

  it('leaves nothing behind of agents that were killed while they wrote it', async () => {
    const { keeper, path } = setUp();
    const folder = join(path, '..');
    mkdirSync(folder);
    for (const name of ['.learned-0123abcd', '.learned-of-somebody', 'agent.log'])
      writeFileSync(join(folder, name), 'some');
    keeper.read();
    expect(readdirSync(folder)).toEqual(['.learned-of-somebody', 'agent.log']);
  });

  it('that can not be read or written is said once, and the agent goes on', async () => {
    const { keeper, path, said } = setUp();
    keeper.read();
    await keeper.save();
    writeFileSync(path, 'something else');
    const next = setUp(path);
    next.keeper.read();
    expect(next.said).toEqual([
      expect.stringMatching(/^what was learnt before is not used .*no file of what was learnt/),
    ]);
    expect(said).toEqual([]);

    const file = join(directory, 'file');
    writeFileSync(file, '');
    const nowhere = setUp(join(file, 'learned'));
    nowhere.keeper.read();
    await nowhere.keeper.save();
    await nowhere.keeper.save();
    expect(nowhere.said.filter((line) => line.startsWith('what was learnt can not be kept'))).toHaveLength(1);
  });

  it('is kept nowhere where nobody wants it', async () => {
    const { keeper, said } = setUp(null);
    keeper.read();
    await keeper.save();
    expect(said).toEqual([]);
  });
});
