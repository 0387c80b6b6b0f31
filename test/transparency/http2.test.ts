import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Files } from './files.ts';
import { clientFile, serverFile, serving } from './topology.ts';
import { bash, type Exchange, START_MS, Twins } from './twins.ts';

const files = new Files();
let twins: Twins;
let checksum: string;

beforeAll(async () => {
  const config = files.nginx();
  checksum = files.noise('files/large.bin', 32 << 20);
  files.write('files/small.txt', 'a small file\n'.repeat(200));
  files.write('files/medium.txt', 'a medium file\n'.repeat(1500));
  twins = await Twins.start(
    serving([
      { name: 'web', command: ['nginx', '-p', files.path, '-c', config], ports: [8081, 8080] },
      {
        name: 'upgrading',
        command: ['nghttpx', '-f', '*,8080;no-tls', '-b', 'web.apps,8080'],
        ports: [8080],
      },
      { name: 'node', command: ['node', serverFile('http2.mjs')], ports: [8080] },
      { name: 'grpc', command: ['node', serverFile('grpc.mjs')], ports: [50_051] },
    ]),
  );
}, START_MS);
afterAll(async () => {
  await twins?.[Symbol.asyncDispose]();
  files[Symbol.dispose]();
});

const h2 = (service: string, command: readonly string[]): Exchange => ({ service, protocol: 'h2', command });
const shell = (service: string, line: string): Exchange => h2(service, bash(line));

describe('curl --http2-prior-knowledge', () => {
  const curl = `curl -sS -m 60 --http2-prior-knowledge`;

  test('a large download', async () => {
    const line = `${curl} http://web.apps:8081/large.bin | sha256sum`;
    expect((await twins.same(shell('web', line))).stdout).toContain(checksum);
  });

  test.each([
    ['GET', ''],
    ['POST', '-d a=1'],
    ['HEAD', '-I'],
    ['a long field', `-H 'X-Long: ${'y'.repeat(12_000)}'`],
    ['IPv6', '-6'],
    ['a large upload', `-T ${files.join('files/large.bin')}`],
  ])('to a server that says what it was sent: %s', async (_name, args) => {
    const { stdout } = await twins.same(
      shell('node', `${curl} -i ${args} http://node.apps:8080/reflected | grep -v ^date:`),
    );
    expect(stdout).toMatch(/^HTTP\/2 200/);
  });
});

describe('an upgrade from HTTP/1.1', () => {
  const curl = `curl -sS -m 60 --http2 -w ' %{http_version} '`;

  test.each([
    ['a small file', `${curl} http://upgrading.apps:8080/small.txt`],
    // Debian 12's curl takes no more than 32 KiB together with the 101.
    ['a larger file', `${curl} http://upgrading.apps:8080/medium.txt | sha256sum`],
  ])('%s', async (_name, line) => {
    const { records } = await twins.same({ ...shell('upgrading', line), protocol: 'http1' });
    // And not 101: the agent followed the request into the stream that it became.
    expect(records).toMatchObject([{ status: 200 }]);
  });
});

describe('h2load', () => {
  test('many streams on a few connections', async () => {
    const line = `h2load -n 3000 -c 4 -m 50 http://web.apps:8081/hello | grep -E '^(requests|status codes):'`;
    const { stdout } = await twins.same({ ...shell('web', line), exchanges: 3000 });
    expect(stdout).toContain('status codes: 3000 2xx');
  });
});

describe('node:http2', () => {
  test('streams of every kind', async () => {
    const outcomes = ['ok', 'upstream_reset', 'caller_reset'] as const;
    const { stdout } = await twins.same({
      ...h2('node', ['node', clientFile('http2.mjs'), 'http://node.apps:8080']),
      exchanges: 1035,
      outcomes,
    });
    expect(stdout).toContain('"many":{"ok":1000');
  });
});

describe('gRPC', () => {
  test('@grpc/grpc-js: all kinds of calls, metadata, errors, deadline, cancellation', async () => {
    const outcomes = ['ok', 'caller_reset'] as const;
    const { stdout, records } = await twins.same({
      ...h2('grpc', ['node', clientFile('grpc.mjs'), 'grpc.apps:50051']),
      exchanges: 510,
      outcomes,
    });
    expect(stdout).toContain('after that: 0');
    const statusOf = (name: string) =>
      records.find(({ path }) => path === `/shop.v1.Orders/${name}`)?.grpcStatus;
    expect(['Unary', 'Fail', 'Watch', 'Upload', 'Chat'].map(statusOf)).toEqual([0, 5, 0, 0, 0]);
  });
});
