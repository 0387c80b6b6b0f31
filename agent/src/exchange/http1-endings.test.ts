import { expect, test } from 'vitest';
import { Playbook } from '../../testing/playbook.ts';
import { Http1Relay } from './http1-relay.ts';

const GET = 'GET /orders HTTP/1.1\r\nHost: orders\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const play = () => new Playbook((context) => new Http1Relay(context));

test.each([
  ['waits', GET],
  ['has sent half a request', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf'],
])('a caller that leaves while it %s is named, though upstream then closes, too', (_, asked) => {
  const p = play().caller(asked).callerEnds().upstreamEnds();
  expect(p.records).toMatchObject([{ outcome: 'caller_reset', status: 0 }]);
});

test('a response that upstream does not finish is its own doing, also to a caller that asks no more', () => {
  const p = play().caller(GET).callerEnds().upstream(OK.slice(0, -1)).upstreamEnds();
  expect(p.records).toMatchObject([{ outcome: 'upstream_reset', status: 200 }]);
});
