import { Buffer } from 'node:buffer';
import type { Decision } from '@eastwall/policy';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { piecesOf } from '../../testing/h2/wire-frames.ts';
import { ALLOW, DENY, Playbook, type PlaybookOptions, UNREADABLE } from '../../testing/playbook.ts';
import { RecordingWatcher } from '../../testing/recording-watch.ts';
import { clientFlight, inRecords, withExtension } from '../../testing/tls/client-flight.ts';
import { Detector } from './detector.ts';
import { UNGOVERNED } from './exchange.ts';

const ECH = 0xfe0d;
const NO_RULE: Decision = { ...DENY, reason: 'no_rule_allows', rule: null };
const WOULD_DENY: Decision = { ...NO_RULE, verdict: 'would-deny' };

/** As an enforced EgressPolicy that allows one host says it. */
const onlyApi: PlaybookOptions = {
  unread: (host) => (host === 'api.example.com' ? ALLOW : NO_RULE),
  unreadable: () => UNREADABLE,
};
/** One that allows everything but is enforced: nothing to hide behind. */
const enforced: PlaybookOptions = { unread: () => ALLOW, unreadable: () => UNREADABLE };
const ungoverned: PlaybookOptions = { unread: () => UNGOVERNED };

const play = (options: PlaybookOptions = onlyApi) =>
  new Playbook((context) => new Detector(context), options);
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

let hello: Uint8Array;
let noName: Uint8Array;
let ech: Uint8Array;
beforeAll(async () => {
  hello = await clientFlight({ servername: 'API.example.com', ALPNProtocols: ['h2', 'http/1.1'] });
  noName = await clientFlight({ maxVersion: 'TLSv1.2' });
  ech = withExtension(hello, ECH, Uint8Array.of(0, 0, 1, 0, 1));
});

describe('a whole ClientHello', () => {
  test('goes on unchanged when its host is allowed, and so does all that follows', () => {
    const p = play().caller(hello);
    expect(p.deeds).toEqual([{ upstream: text(hello) }]);
    p.upstream('server hello').caller('finished').upstreamEnds().callerEnds();
    p.relay.abandon('ok', 9);
    expect(p.deeds.slice(1)).toEqual([
      { caller: 'server hello' },
      { upstream: 'finished' },
      'finish caller',
      'finish upstream',
    ]);
    expect(p.records).toMatchObject([
      { protocol: 'tls', host: 'api.example.com', outcome: 'ok', decision: ALLOW },
    ]);
  });

  test('is refused by its host before upstream sees a byte', async () => {
    const other = await clientFlight({ servername: 'evil.example' });
    const p = play().caller(other, 'more').upstream('late');
    expect(p.deeds).toEqual(['abort']);
    expect(p.records).toMatchObject([
      { protocol: 'tls', host: 'evil.example', outcome: 'denied', decision: NO_RULE },
    ]);
  });

  test('may come with early data behind it', () => {
    const p = play().caller(Buffer.concat([hello, Buffer.from('early data')]));
    expect(p.sentTo('upstream')).toBe(`${text(hello)}early data`);
  });

  test('passes and is reported where a policy audits', () => {
    const p = play({ unread: () => WOULD_DENY }).caller(hello);
    p.relay.abandon('ok', 9);
    expect(p.sentTo('upstream')).toBe(text(hello));
    expect(p.records).toMatchObject([{ host: 'api.example.com', outcome: 'ok', decision: WOULD_DENY }]);
  });

  test.each([
    ['without a server name', () => noName, 'no_server_name'],
    ['that offers ECH, whatever its outer name', () => ech, 'encrypted_client_hello'],
  ])('%s has no host', (_, flight, hostUnknown) => {
    const refused = play().caller(flight());
    expect(refused.deeds).toEqual(['abort']);
    expect(refused.records).toMatchObject([{ protocol: 'tls', host: '', hostUnknown, outcome: 'denied' }]);

    const byAddress = play({ unread: (host) => (host === '' ? ALLOW : NO_RULE) }).caller(flight());
    expect(byAddress.deeds).toEqual([{ upstream: text(flight()) }]);
  });

  test('is ended when its host is allowed no more', () => {
    let decision: Decision = ALLOW;
    const p = play({ unread: () => decision }).caller(hello);
    p.relay.reconsider(2);
    expect(p.deeds).not.toContain('abort');
    decision = NO_RULE;
    p.relay.reconsider(3);
    expect(p.deeds.at(-1)).toBe('abort');
    expect(p.records).toMatchObject([{ host: 'api.example.com', outcome: 'denied', decision: NO_RULE }]);
  });
});

describe('guards of a connection that is not read', () => {
  const LIMITED: Decision = { ...DENY, reason: 'concurrency_limited' };

  test('are asked when policy lets it pass, and told when it ends', () => {
    const watcher = new RecordingWatcher();
    const p = play({ ...onlyApi, watcher }).caller(hello);
    expect(watcher.seen).toEqual(['1 unread allowed_by_rule']);
    p.relay.abandon('ok', 9);
    expect(watcher.seen).toEqual(['1 unread allowed_by_rule', '1 end ok 0']);
  });

  test('may refuse it before upstream has a byte', () => {
    const watcher = new RecordingWatcher({ unread: () => LIMITED });
    const p = play({ ...onlyApi, watcher }).caller(hello);
    expect(p.deeds).toEqual(['abort']);
    expect(p.records).toMatchObject([{ outcome: 'denied', decision: LIMITED }]);
    expect(watcher.seen.at(-1)).toBe('1 end denied 0');
  });

  test('may only report it', () => {
    const watcher = new RecordingWatcher({ unread: () => ({ ...LIMITED, verdict: 'would-deny' }) });
    const p = play({ ...onlyApi, watcher }).caller(hello);
    p.relay.abandon('ok', 9);
    expect(p.sentTo('upstream')).toBe(text(hello));
    expect(p.records).toMatchObject([{ outcome: 'ok', decision: { verdict: 'would-deny' } }]);
  });

  test('are not asked what policy denies', () => {
    const watcher = new RecordingWatcher();
    play({ unread: () => NO_RULE, unreadable: () => UNREADABLE, watcher }).caller(hello);
    expect(watcher.seen).toEqual([]);
  });
});

describe('however it is cut', () => {
  test('into reads and records, nothing passes before it is whole, and then all of it', () => {
    const cuts = fc.array(fc.nat(), { maxLength: 20 });
    fc.assert(
      fc.property(cuts, fc.integer({ min: 1, max: 700 }), fc.boolean(), (at, recordSize, allowed) => {
        const flight = inRecords(hello, recordSize);
        const p = play(allowed ? onlyApi : { ...onlyApi, unread: () => NO_RULE });
        const pieces = piecesOf(flight, at).filter(({ length }) => length > 0);
        for (const piece of pieces.slice(0, -1)) expect(p.caller(piece).deeds).toEqual([]);
        p.caller(...pieces.slice(-1));
        expect(p.deeds).toEqual(allowed ? [{ upstream: text(flight) }] : ['abort']);
      }),
    );
  });

  test('a byte at a time', () => {
    const p = play().caller(...Array.from(hello, (byte) => Uint8Array.of(byte)));
    expect(p.deeds).toEqual([{ upstream: text(hello) }]);
  });

  test('more than 64 KiB are not held', () => {
    // A message of 60,000 bytes in records of one byte each, which never ends.
    const endless = Buffer.concat([
      Buffer.of(22, 3, 1, 0, 4, 1, 0, 0xea, 0x60),
      ...Array.from({ length: 11_000 }, () => Buffer.of(22, 3, 1, 0, 1, 0)),
    ]);
    expect(play().caller(endless).deeds).toEqual(['abort']);
    const passed = play(ungoverned).caller(endless);
    expect(passed.sentTo('upstream')).toHaveLength(endless.length);
  });
});

const UNFINISHED: [string, string, (p: Playbook) => void][] = [
  ['stalls', 'malformed_client_hello', (p) => p.caller(hello.subarray(0, 99)).relay.expire(5)],
  ['breaks off', 'malformed_client_hello', (p) => p.caller(hello.subarray(0, 99)).callerEnds()],
  ['is malformed', 'malformed_client_hello', (p) => p.caller(Buffer.of(22, 3, 1, 0, 4, 2, 0, 0, 0))],
  ['is overtaken by the server', '', (p) => p.caller(hello.subarray(0, 99)).upstream('hi')],
  ['is none', '', (p) => p.caller(Buffer.of(22, 3), Buffer.of(1, 0, 4, 1), Buffer.of(0, 0, 9, 23))],
];

describe('a ClientHello that', () => {
  test.each(UNFINISHED.slice(0, 4))(
    '%s is refused where a policy is enforced, whatever it allows',
    (_, hostUnknown, act) => {
      const p = play(enforced);
      act(p);
      p.caller(hello).upstream('more');
      expect(p.deeds).toEqual(['abort']);
      expect(p.records).toMatchObject([
        {
          protocol: 'opaque',
          host: '',
          ...(hostUnknown && { hostUnknown }),
          outcome: 'denied',
          decision: UNREADABLE,
        },
      ]);
    },
  );

  test.each(UNFINISHED)('%s passes as opaque bytes where nothing is enforced', (_, _hostUnknown, act) => {
    const decision: Decision = { ...UNREADABLE, verdict: 'would-deny' };
    const p = play({ unread: () => UNGOVERNED, unreadable: () => decision });
    act(p);
    p.caller('more').relay.abandon('ok', 9);
    expect(p.deeds).not.toContain('abort');
    expect(p.sentTo('upstream')).toMatch(/more$/);
    expect(p.sentTo('upstream').charCodeAt(0)).toBe(22);
    expect(p.records).toMatchObject([{ protocol: 'opaque', outcome: 'ok', decision }]);
  });

  test('is waited for is no denial when upstream gives up first', () => {
    const p = play(enforced).caller(hello.subarray(0, 99)).upstreamEnds();
    expect(p.deeds).toEqual(['abort']);
    expect(p.records).toMatchObject([{ protocol: 'tls', outcome: 'upstream_reset', decision: UNGOVERNED }]);
  });
});
