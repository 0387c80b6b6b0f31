import { describe, expect, it } from 'vitest';
import { DENY, Playbook } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const LAST = 'HTTP/1.1 200 OK\r\nconnection: close\r\nContent-Length: 2\r\n\r\nhi';

const playbook = (
  ...options: ConstructorParameters<typeof Playbook> extends [unknown, ...infer Rest] ? Rest : []
) => new Playbook((context) => new Http1Relay(context), ...options);

const drained = (book: Playbook) => {
  book.relay.drain(book.now);
  return book;
};

describe('an HTTP/1.1 connection that is to go', () => {
  it('is left alone while nothing is asked on it, and ends with the next answer', () => {
    const book = drained(playbook().caller(GET).upstream(OK));
    expect(book.sentTo('caller')).toBe(OK);
    expect(book.relay.idle).toBe(true);
    book.caller(GET).upstream(OK);
    expect(book.sentTo('caller')).toBe(OK + LAST);
    expect(book.deeds.slice(-2)).toEqual(['finish caller', 'finish upstream']);
    expect(book.records.map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
  });

  it('says so however the head is cut', () => {
    for (let cut = 1; cut < OK.length; cut++) {
      const book = drained(playbook().caller(GET)).upstream(OK.slice(0, cut), OK.slice(cut));
      expect(book.sentTo('caller')).toBe(LAST);
      expect(book.deeds.slice(-2)).toEqual(['finish caller', 'finish upstream']);
    }
  });

  it('gives a length once that upstream gives twice', () => {
    const twice = OK.replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\n');
    expect(drained(playbook().caller(GET)).upstream(twice).sentTo('caller')).toBe(LAST);
  });

  it('lets an answer that has begun end, and the one after it be the last', () => {
    const book = drained(playbook().caller(GET).upstream(OK.slice(0, -1)));
    book.upstream(OK.slice(-1)).caller(GET).upstream(OK);
    expect(book.sentTo('caller')).toBe(OK + LAST);
  });

  it('passes interim answers as they are', () => {
    const book = drained(playbook().caller(GET)).upstream('HTTP/1.1 100 Continue\r\n\r\n', OK);
    expect(book.sentTo('caller')).toBe(`HTTP/1.1 100 Continue\r\n\r\n${LAST}`);
  });

  it('answers the request under way, and none that was pipelined behind it', () => {
    const book = drained(playbook().caller(GET + GET.replace('/', '/second'))).upstream(OK);
    expect(book.sentTo('upstream')).toBe(GET);
    expect(book.sentTo('caller')).toBe(LAST);
    book.caller(GET);
    expect(book.sentTo('upstream')).toBe(GET);
  });

  it('adds nothing where upstream closes by itself', () => {
    const closing = OK.replace('Content-Length', 'Connection: close\r\nContent-Length');
    const book = drained(playbook().caller(GET)).upstream(closing);
    expect(book.sentTo('caller')).toBe(closing);
  });

  it('waits for the whole request where the answer comes first', () => {
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n';
    const book = drained(playbook().caller(post)).upstream(OK);
    expect(book.deeds.at(-1)).toEqual({ caller: LAST });
    book.caller('hi');
    expect(book.sentTo('upstream')).toBe(`${post}hi`);
    expect(book.deeds.slice(-2)).toEqual(['finish caller', 'finish upstream']);
  });

  it('ends with a denial, too', () => {
    const book = drained(playbook({ judge: () => DENY })).caller(GET);
    expect(book.sentTo('caller')).toContain('connection: close\r\n');
    expect(book.deeds.slice(-2)).toEqual(['drop upstream', 'finish caller']);
  });

  it('turns into a tunnel as before', () => {
    const ask = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const book = drained(playbook().caller(ask)).upstream(switched, 'frames');
    expect(book.sentTo('caller')).toBe(`${switched}frames`);
  });
});
