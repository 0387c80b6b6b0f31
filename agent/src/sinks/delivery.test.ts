import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { type Answer, Delivery, type DeliveryOptions } from './delivery.ts';
import { SinkCounts } from './sink-counts.ts';

let directory = '';
const open: Delivery[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'delivery-'));
});
afterEach(async () => {
  for (const delivery of open.splice(0)) await delivery.close(0);
  await rm(directory, { recursive: true, force: true });
});

const TAKEN: Answer = { kind: 'taken', refused: 0 };
const LATER: Answer = { kind: 'later', why: '503', afterMs: null };

/** Answers as it is told, the last one for ever. */
function setUp(answers: readonly Answer[], differs: Partial<DeliveryOptions> = {}) {
  const posts: (readonly string[])[] = [];
  const log: string[] = [];
  const say = (_: object, message: string) => void log.push(message);
  const counts = new SinkCounts('webhook');
  const delivery = new Delivery({
    directory,
    maxBytes: 1 << 20,
    batch: { events: 100, bytes: 64 << 10 },
    lingerMs: 1,
    maxRetryDelayMs: 1,
    post: async (lines) => {
      posts.push(lines);
      return answers[Math.min(posts.length, answers.length) - 1] ?? TAKEN;
    },
    counts,
    log: { info: say, warn: say },
    random: () => 0,
    ...differs,
  });
  open.push(delivery);
  return { delivery, posts, counts, log };
}

describe('Delivery', () => {
  it('sends events together that come together', async () => {
    const { delivery, posts, counts } = setUp([TAKEN], { lingerMs: 20 });
    for (const line of ['1', '2', '3']) delivery.append(line);
    await eventually(() => expect(counts.delivered).toBe(3));
    expect(posts).toEqual([['1', '2', '3']]);
  });

  it('tries again with the same events until they are taken, and says so once', async () => {
    const { delivery, posts, counts, log } = setUp([LATER, LATER, TAKEN]);
    delivery.append('1');
    await eventually(() => expect(counts.delivered).toBe(1));
    expect(posts).toEqual([['1'], ['1'], ['1']]);
    expect(log).toEqual(['events can not be delivered, and wait', 'events are delivered again']);
    expect(counts).toMatchObject({ retries: 2, problem: null });
  });

  it('drops what the receiver refuses, says so, and goes on', async () => {
    const { delivery, counts, log } = setUp([{ kind: 'refused', why: '400' }, TAKEN]);
    delivery.append('bad');
    await eventually(() => expect(counts.dropped.refused).toBe(1));
    delivery.append('good');
    await eventually(() => expect(counts.delivered).toBe(1));
    expect(log).toContain('events dropped, since the receiver refuses them');
  });

  it('counts those that a receiver has left out of what it took', async () => {
    const { delivery, counts } = setUp([{ kind: 'taken', refused: 1 }], { lingerMs: 20 });
    for (const line of ['1', '2']) delivery.append(line);
    await eventually(() => expect(counts).toMatchObject({ delivered: 1, dropped: { refused: 1 } }));
  });

  it('sends fewer at a time to who says that they are too many', async () => {
    const tooMany: Answer = { kind: 'too-many', why: '413' };
    const { delivery, posts, counts } = setUp([tooMany, tooMany, TAKEN], { lingerMs: 20 });
    for (const line of ['1', '2', '3', '4']) delivery.append(line);
    await eventually(() => expect(counts.delivered).toBe(4));
    expect(posts.slice(0, 3).map(({ length }) => length)).toEqual([4, 2, 1]);
  });

  it('delivers what waits when it closes, and leaves the rest to the next agent', async () => {
    const { delivery, counts } = setUp([TAKEN], { lingerMs: 60_000 });
    delivery.append('1');
    await delivery.close(10_000);
    expect(counts.delivered).toBe(1);
    const dead = setUp([LATER], { maxRetryDelayMs: 60_000 });
    dead.delivery.append('2');
    await eventually(() => expect(dead.posts).toHaveLength(1));
    await dead.delivery.close(1);
    const next = setUp([TAKEN]);
    await eventually(() => expect(next.posts).toEqual([['2']]));
  });
});
