import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolLedger } from './protocol-ledger.ts';

const MINUTE = 60_000;
const WEB = 'shop/web:80';
const aLedger = (maxDestinations = 100) =>
  new ProtocolLedger({ maxDestinations, afterConnections: 50, afterMs: 10 * MINUTE });

/** So many connections of HTTP, spread over the time. */
function speak(ledger: ProtocolLedger, from: number, { count = 50, minutes = 10 } = {}): number {
  for (let at = 0; at < count; at++)
    expect(
      ledger.note(WEB, at % 2 === 0 ? 'http1' : 'h2', from + (at * minutes * MINUTE) / count),
    ).toBeNull();
  return from + minutes * MINUTE;
}

describe('a destination that has spoken HTTP for long', () => {
  it.each(['tls', 'opaque'] as const)('has drifted when it is sent %s', (spoken) => {
    const ledger = aLedger();
    const now = speak(ledger, 1_000);
    expect(ledger.note(WEB, spoken, now)).toMatchObject({
      detection: 'protocol-drift',
      evidence: { spoken, connections: 50, minutes: 10 },
    });
  });

  it('has drifted once, until it has settled anew, which takes twice as long each time', () => {
    const ledger = aLedger();
    let now = speak(ledger, 0);
    expect(ledger.note(WEB, 'opaque', now)).not.toBeNull();
    expect(ledger.note(WEB, 'opaque', now)).toBeNull();
    now = speak(ledger, now);
    expect(ledger.note(WEB, 'opaque', now)).toBeNull();
    now = speak(ledger, now, { count: 100, minutes: 20 });
    expect(ledger.note(WEB, 'tls', now)).not.toBeNull();
    now = speak(ledger, now, { count: 100, minutes: 20 });
    expect(ledger.note(WEB, 'tls', now)).toBeNull();
  });
});

describe('nothing has drifted', () => {
  it.each([
    ['too few connections', { count: 49 }],
    ['too little time', { minutes: 9 }],
  ])('after %s', (_, course) => {
    const ledger = aLedger();
    expect(ledger.note(WEB, 'opaque', speak(ledger, 0, course))).toBeNull();
  });

  it('at another destination, or where both were spoken all along', () => {
    const ledger = aLedger();
    let now = speak(ledger, 0);
    expect(ledger.note('shop/cache:6379', 'opaque', now)).toBeNull();
    const mixed = aLedger();
    for (let round = 0; round < 100; round++) {
      now = speak(mixed, now, { count: 40, minutes: 60 });
      expect(mixed.note(WEB, 'tls', now)).toBeNull();
    }
  });
});

it('forgets destinations that nobody calls any more, and stays within its bound', () => {
  const ledger = aLedger(4);
  const now = speak(ledger, 0);
  for (let other = 0; other < 10; other++) ledger.note(`10.0.0.${other}:80`, 'http1', now);
  expect(ledger.note(WEB, 'opaque', now)).toBeNull();
});

it('never says so twice without as much HTTP in between', () => {
  const spoken = fc.constantFrom('http1' as const, 'h2' as const, 'tls' as const, 'opaque' as const);
  fc.assert(
    fc.property(fc.array(spoken, { maxLength: 400 }), (course) => {
      const ledger = new ProtocolLedger({ maxDestinations: 2, afterConnections: 5, afterMs: 0 });
      let since = 0;
      for (const [at, one] of course.entries()) {
        const sight = ledger.note(WEB, one, at);
        const readable = one === 'http1' || one === 'h2';
        if (sight !== null) expect(since).toBeGreaterThanOrEqual(5);
        since = readable ? since + 1 : 0;
      }
    }),
  );
});
