import { describe, expect, it } from 'vitest';
import { FdChannel } from './fd-channel.ts';

function setUp() {
  const closed: number[] = [];
  return { closed, channel: new FdChannel(7, (fd) => closed.push(fd)) };
}

describe('FdChannel', () => {
  it('closes only when the last send is over', async () => {
    const { closed, channel } = setUp();
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    const uses = [channel.use(() => first.promise), channel.use(() => second.promise)];
    channel.retire();
    expect(closed).toEqual([]);
    first.resolve();
    await uses[0];
    expect(closed).toEqual([]);
    second.resolve();
    await uses[1];
    expect(closed).toEqual([7]);
  });

  it('closes at once when nobody uses it, once, and lends nothing afterwards', async () => {
    const { closed, channel } = setUp();
    channel.retire();
    channel.retire();
    expect(await channel.use(async (fd) => fd)).toBeNull();
    expect(closed).toEqual([7]);
  });

  it('counts a failed send as over', async () => {
    const { closed, channel } = setUp();
    await expect(channel.use(() => Promise.reject(new Error('full')))).rejects.toThrow('full');
    channel.retire();
    expect(closed).toEqual([7]);
  });
});
