import { describe, expect, it } from 'vitest';
import { Outbox, type Sender } from './outbox.ts';

const READ_BYTES = 8_192;

/** An outbox, the end of its turn at hand, and senders that write down what they get to send. */
function outbox({ room = 65_536, sleptMs = 0 } = {}) {
  const arena = new Uint8Array(READ_BYTES + room);
  const turns: (() => void)[] = [];
  const later = (callback: () => void) => turns.push(callback);
  const clock = { ms: sleptMs };
  const box = new Outbox({ arena, base: READ_BYTES, later, now: () => clock.ms });
  const sent: string[] = [];
  const textAt = (start: number, end: number) => Buffer.from(arena.subarray(start, end)).toString();
  const sender = (name: string): Sender => ({
    sendPutOff: (start, end) => void sent.push(`${name}: ${textAt(start, end)}`),
  });
  const put = (by: Sender, text: string): boolean => {
    const bytes = Buffer.from(text);
    arena.set(bytes, 0);
    return box.putOff(by, 0, bytes.length);
  };
  const endTurn = () => {
    for (const turn of turns.splice(0)) turn();
  };
  return { box, clock, sent, sender, put, turns, endTurn };
}

describe('an outbox', () => {
  it('sends what was put off at the end of the turn, in that order, and once', () => {
    const { sent, sender, put, turns, endTurn } = outbox();
    const [a, b] = [sender('a'), sender('b')];
    put(a, 'one');
    put(b, 'two');
    put(a, 'three');
    expect(sent).toEqual([]);
    expect(turns).toHaveLength(1);
    endTurn();
    expect(sent).toEqual(['a: one', 'b: two', 'a: three']);
    endTurn();
    expect(sent).toHaveLength(3);
  });

  it('sends what one sender puts off in a row as one', () => {
    const { sent, sender, put, endTurn } = outbox();
    const a = sender('a');
    put(a, 'head, ');
    put(a, 'body');
    endTurn();
    expect(sent).toEqual(['a: head, body']);
  });

  it('keeps what it was given, whatever is read into the buffer meanwhile', () => {
    const { sent, sender, put, endTurn } = outbox();
    put(sender('a'), 'first');
    put(sender('b'), 'other');
    endTurn();
    expect(sent[0]).toBe('a: first');
  });

  it('does not take what is long', () => {
    const { put, sender, turns } = outbox();
    expect(put(sender('a'), 'x'.repeat(2_049))).toBe(false);
    expect(turns).toEqual([]);
    expect(put(sender('a'), 'x'.repeat(2_048))).toBe(true);
  });

  it('waits for no more than 32 senders', () => {
    const { sent, sender, put } = outbox();
    for (let each = 0; each < 32; each++) put(sender(`${each}`), 'x');
    expect(sent).toEqual([]);
    put(sender('last'), 'x');
    expect(sent).toHaveLength(32);
  });

  describe('of a process that has slept', () => {
    const putMany = ({ put, sender }: ReturnType<typeof outbox>, count: number) => {
      for (let each = 1; each <= count; each++) put(sender(`${each}`), 'x');
    };

    it('does not put off the first, then sends two together, and twice as many each time', () => {
      const slept = outbox({ sleptMs: 1 });
      expect(slept.put(slept.sender('first'), 'x')).toBe(false);
      const sentAfter: number[] = [];
      for (let each = 1; each <= 130; each++) {
        expect(slept.put(slept.sender(`${each}`), 'x')).toBe(true);
        sentAfter.push(slept.sent.length);
      }
      expect([...new Set(sentAfter)]).toEqual([0, 2, 6, 14, 30, 62, 94, 126]);
      slept.endTurn();
      expect(slept.sent).toHaveLength(130);
    });

    it('is in no hurry in a turn that follows at once', () => {
      const busy = outbox({ sleptMs: 1 });
      putMany(busy, 2);
      busy.endTurn();
      busy.clock.ms += 0.02;
      busy.sent.length = 0;
      putMany(busy, 32);
      expect(busy.sent).toEqual([]);
      busy.endTurn();
      busy.clock.ms += 0.06;
      busy.sent.length = 0;
      expect(busy.put(busy.sender('first'), 'x')).toBe(false);
    });
  });

  it('sends when it is full, in order', () => {
    const { sent, sender, put, endTurn } = outbox({ room: 10 });
    const a = sender('a');
    put(a, '1234567');
    put(a, '8901');
    expect(sent).toEqual(['a: 1234567']);
    endTurn();
    expect(sent[1]).toBe('a: 8901');
  });

  it('lets a sender that fails put off more, and send all, while others wait for their turn', () => {
    const { box, sent, sender, put, endTurn } = outbox();
    const b = sender('b');
    const failing: Sender = {
      sendPutOff: () => {
        sent.push('fails');
        put(b, ' and more');
        box.send();
      },
    };
    put(failing, 'x');
    put(b, 'waits');
    put(sender('c'), 'waits, too');
    endTurn();
    expect(sent).toEqual(['fails', 'b: waits', 'c: waits, too', 'b:  and more']);
    put(b, 'next turn');
    endTurn();
    expect(sent.at(-1)).toBe('b: next turn');
  });
});
