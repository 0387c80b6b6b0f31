import { describe, expect, test } from 'vitest';
import { Playbook } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const play = () => new Playbook((context) => new Http1Relay(context));

describe('what some servers send, and only servers may', () => {
  test('of a length that a server gives twice, the caller is given one', () => {
    const twice = OK.replace('\r\n\r\n', '\r\nContent-Length: 2\r\n\r\n');
    for (let cut = 1; cut < twice.length; cut++) {
      const p = play().caller(GET).upstream(twice.slice(0, cut), twice.slice(cut));
      expect(p.sentTo('caller')).toBe(OK);
      // The next one, whose fields are as before, and the one after it.
      p.caller(GET).upstream(twice).caller(GET).upstream(OK);
      expect(p.sentTo('caller')).toBe(OK + OK + OK);
      expect(p.records).toMatchObject([{ outcome: 'ok' }, { outcome: 'ok' }, { outcome: 'ok' }]);
    }
  });

  test.each([
    ['not the same', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['in an interim head', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n'],
  ])('a length that is given twice, %s, becomes a 502', (_, response) => {
    const p = play().caller(GET).upstream(response);
    expect(p.sentTo('caller')).toMatch(/^HTTP\/1.1 502 Bad Gateway/);
    expect(p.records).toMatchObject([{ outcome: 'malformed_response', fault: 'repeated_content_length' }]);
  });

  test('sizes of chunks that a server pads go on as they are', () => {
    const padded = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2  \r\nhi\r\n0 \r\n\r\n';
    for (let cut = 1; cut < padded.length; cut++) {
      const p = play().caller(GET).upstream(padded.slice(0, cut), padded.slice(cut)).caller(GET).upstream(OK);
      expect(p.sentTo('caller')).toBe(padded + OK);
    }
    const request = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nhi\r\n0\r\n\r\n';
    expect(play().caller(request).records).toMatchObject([
      { outcome: 'malformed_request', fault: 'bad_chunk' },
    ]);
  });
});
