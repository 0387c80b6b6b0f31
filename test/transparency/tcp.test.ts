import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Outcome } from '../../agent/src/record/record.ts';
import { clientFile, serverFile, serving } from './topology.ts';
import { type Exchange, START_MS, Twins } from './twins.ts';

let twins: Twins;

const PORTS = [7000, 7001, 7002, 7003, 7004, 7005, 7006, 7007, 7008];

beforeAll(async () => {
  twins = await Twins.start(
    serving([{ name: 'tcp', command: ['node', serverFile('tcp.mjs')], ports: PORTS }]),
    ['--head-timeout', '1s'],
  );
}, START_MS);
afterAll(() => twins?.[Symbol.asyncDispose]());

const tcp = (name: string, outcomes: readonly Outcome[] = ['ok']): Exchange => ({
  service: 'tcp',
  protocol: 'opaque',
  outcomes,
  command: ['node', clientFile('tcp.mjs'), name, 'tcp.apps'],
});

describe('the end of a connection', () => {
  test.each<[string, readonly Outcome[], RegExp]>([
    ['client-finishes-first', ['ok'], /^FIN after 80 bytes/],
    ['server-finishes-first', ['ok'], /^FIN after 8388608 bytes.*\nserver: 8388608 bytes/],
    ['server-resets', ['upstream_reset'], /ECONNRESET\nECONNRESET\n$/],
    ['server-hangs-up', ['ok'], /^FIN after 0 bytes/],
    ['client-resets', ['ok', 'caller_reset'], /^server: ECONNRESET, closed\n$/],
    ['client-finishes', ['ok'], /^FIN after 6 bytes.*\nserver: FIN, closed\n$/],
  ])('%s', async (name, outcomes, expected) => {
    expect((await twins.same(tcp(name, outcomes))).stdout).toMatch(expected);
  });
});

// When the handshake and the reset come together, they read like a server that could not be reached.
test('the end of a connection that nobody has spoken on', async () => {
  const outcomes = ['upstream_reset', 'upstream_unreachable'] as const;
  const { stdout } = await twins.same({ ...tcp('server-resets-unasked', outcomes), protocol: 'unknown' });
  expect(stdout).toBe('ECONNRESET\n');
});

// After a handshake with us it can only be a reset, where it would be a refusal without us; never an answer.
test('a port that nobody listens on', async () => {
  const knock = `exec 3<>/dev/tcp/$0/7999 && cat <&3`;
  const ip = await twins.sandbox.podIp('apps/tcp');
  for (const pod of ['apps/direct', 'apps/captured']) {
    const { code, stdout, stderr } = await twins.sandbox.exec(pod, ['bash', '--norc', '-c', knock, ip]);
    expect([code, stdout], pod).toEqual([1, '']);
    expect(stderr, pod).toMatch(pod === 'apps/direct' ? /refused/ : /refused|reset/);
  }
});

describe('bytes', () => {
  test.each(['ping-pong', 'beginnings', 'a-slow-beginning'])('%s', async (name) => {
    await twins.same(tcp(name));
  });
});
