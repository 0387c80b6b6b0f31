import { expect, test } from 'vitest';
import { Playbook } from '../../testing/playbook.ts';
import { type Detected, Detector } from './detector.ts';
import { Http1Relay } from './http1-relay.ts';
import { OpaqueRelay } from './opaque-relay.ts';

const play = (readableOnly = false) => {
  const detected: Detected[] = [];
  const playbook = new Playbook(
    (context, self) =>
      new Detector(context, {
        readableOnly,
        adopt: (protocol, now) => {
          detected.push(protocol);
          self.relay =
            protocol === 'http1' ? new Http1Relay(context) : new OpaqueRelay(context, protocol, now);
          return self.relay;
        },
      }),
  );
  return { playbook, detected };
};
const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('HTTP is handed on with the bytes that gave it away', () => {
  const { playbook, detected } = play();
  playbook.caller('GE', 'T / HT', 'TP/1.1\r\nHost: a\r\n\r\n');
  expect(detected).toEqual(['http1']);
  expect(playbook.sentTo('upstream')).toBe(GET);
});

test('a server that speaks first makes it opaque at once', () => {
  const { playbook, detected } = play();
  playbook.upstream('220 mail ready\r\n').caller('HELO me\r\n');
  expect(detected).toEqual(['opaque']);
  expect(playbook.deeds).toEqual([{ caller: '220 mail ready\r\n' }, { upstream: 'HELO me\r\n' }]);
});

test('a first line that never ends is opaque once it is too long', () => {
  const { playbook, detected } = play();
  playbook.caller('GET /'.padEnd(8193, 'a'));
  expect(detected).toEqual(['opaque']);
});

test('a stalled first line passes as opaque when nothing is enforced', () => {
  const { playbook } = play();
  playbook.caller('GET key').relay.expire(5);
  expect(playbook.deeds).toEqual([{ upstream: 'GET key' }]);
});

test.each([
  ['opaque bytes', (p: Playbook) => p.caller('PING\r\n')],
  ['TLS', (p: Playbook) => p.caller('\x16\x03\x01')],
  ['a server that speaks first', (p: Playbook) => p.upstream('hello')],
  ['a first line that stalls', (p: Playbook) => p.caller('G').relay.expire(5)],
  ['a first line that breaks off', (p: Playbook) => p.caller('G').callerEnds()],
])('where a policy is enforced, %s is refused and no byte passes', (_, act) => {
  const { playbook, detected } = play(true);
  act(playbook);
  playbook.caller('more').upstream('more');
  expect(detected).toEqual([]);
  expect(playbook.deeds).toEqual(['abort']);
  expect(playbook.records).toMatchObject([{ outcome: 'denied' }]);
});

test('a port check on an enforced destination is no denial', () => {
  const { playbook } = play(true);
  playbook.callerEnds();
  expect(playbook.deeds).toEqual(['drop upstream', 'finish caller']);
  expect(playbook.records).toMatchObject([{ outcome: 'ok' }]);
});

test('a connection that stays silent is ended by its deadline', () => {
  const { playbook } = play();
  playbook.relay.expire(5);
  expect(playbook.deeds).toEqual(['abort']);
  expect(playbook.records).toMatchObject([{ outcome: 'timeout' }]);
});
