import { EventEmitter } from 'node:events';
import { closeSync, type FSWatcher, mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { NetnsDirectory } from './netns-directory.ts';

const until = (expectation: () => void) => vi.waitFor(expectation, { timeout: 10_000, interval: 5 });

/** A directory with links to the namespace of this process, and notes of what is said about it. */
class Place {
  readonly path: string;
  readonly said: string[] = [];
  readonly problems: (string | null)[] = [];
  readonly watchers: EventEmitter[] = [];
  canWatch = true;

  constructor() {
    const parent = mkdtempSync(join(tmpdir(), 'ew-netns-'));
    onTestFinished(() => rmSync(parent, { recursive: true }));
    this.path = join(parent, 'netns');
  }

  make(): this {
    mkdirSync(this.path);
    return this;
  }

  link(name: string, target = '/proc/self/ns/net'): void {
    symlinkSync(target, join(this.path, name));
  }

  unlink(name: string): void {
    unlinkSync(join(this.path, name));
  }

  follow(): NetnsDirectory {
    const name = (path: string) => path.slice(this.path.length + 1);
    const directory = new NetnsDirectory(
      this.path,
      {
        appeared: (path, { fd }, isNew) => {
          closeSync(fd);
          this.said.push(`${isNew ? 'new' : 'found'} ${name(path)}`);
        },
        gone: (path) => this.said.push(`gone ${name(path)}`),
        problem: (problem) => this.problems.push(problem),
      },
      () => this.#watch(),
    );
    onTestFinished(() => directory.stop());
    directory.start();
    return directory;
  }

  #watch(): FSWatcher {
    if (!this.canWatch) throw new Error('ENOSPC: no watches left');
    const watcher = Object.assign(new EventEmitter(), { close: () => {} });
    this.watchers.push(watcher);
    return watcher as unknown as FSWatcher;
  }
}

describe('the directory of namespaces', () => {
  it('does not take for gone what it can not read', () => {
    const place = new Place().make();
    place.link('a');
    const directory = place.follow();
    place.unlink('a');
    // It could as well be short of descriptors: an error that says nothing about what is there.
    place.link('a', 'x'.repeat(300));
    directory.rescan();
    directory.rescan();
    expect(place.said).toEqual(['found a']);
    expect(place.problems).toEqual([expect.stringContaining('ENAMETOOLONG')]);
    place.unlink('a');
    place.link('a');
    directory.rescan();
    expect([place.said, place.problems.at(-1)]).toEqual([['found a'], null]);
    place.unlink('a');
    directory.rescan();
    expect(place.said).toEqual(['found a', 'gone a']);
  });

  it('is looked at again and again while nothing tells of changes', async () => {
    const place = new Place().make();
    place.canWatch = false;
    place.link('a');
    place.follow();
    expect(place.said).toEqual(['found a']);
    expect(place.problems).toEqual([expect.stringContaining('no watches left')]);
    place.link('b');
    await until(() => expect(place.said).toEqual(['found a', 'found b']));
    place.canWatch = true;
    await until(() => expect(place.problems.at(-1)).toBeNull());
  });

  it('is found soon where it comes late', async () => {
    const place = new Place();
    place.follow();
    place.make().link('a');
    await until(() => expect(place.said).toEqual(['found a']));
  });

  it('is followed anew when following it has failed', () => {
    const place = new Place().make();
    const directory = place.follow();
    place.watchers[0]?.emit('error', new Error('it broke'));
    directory.rescan();
    expect(place.watchers).toHaveLength(2);
    directory.rescan();
    expect(place.watchers).toHaveLength(2);
  });
});
