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
  files.noise('files/medium.bin', 300_000);
  files.write('files/small.txt', 'a small file\n'.repeat(200));
  for (const name of ['one.txt', 'two.txt', 'three.html']) files.write(`files/listing/${name}`, name);
  files.noise('uploads/large.bin', 32 << 20);
  twins = await Twins.start(
    serving([
      { name: 'web', command: ['nginx', '-p', files.path, '-c', config], ports: [8080, 8443] },
      { name: 'reflect', command: ['node', serverFile('reflect.mjs')], ports: [8080] },
      { name: 'ws', command: ['node', serverFile('ws.mjs')], ports: [8080] },
      { name: 'forward', command: ['node', serverFile('connect-proxy.mjs')], ports: [3128] },
      {
        name: 'simple',
        command: ['/usr/bin/python3', '-m', 'http.server', '-b', '::', '-d', files.join('files'), '8080'],
        ports: [8080],
      },
    ]),
    // Short, so that a wait that they must not end is longer than both.
    ['--head-timeout', '1s', '--first-byte-timeout', '1s'],
  );
}, START_MS);
afterAll(async () => {
  await twins?.[Symbol.asyncDispose]();
  files[Symbol.dispose]();
});

const REFLECT = 'http://reflect.apps:8080';
const WEB = 'http://web.apps:8080';

const reflected = (stdout: string) => JSON.parse(stdout.slice(stdout.indexOf('{')));
const http1 = (service: string, command: readonly string[]): Exchange => ({
  service,
  protocol: 'http1',
  command,
});
const curl = (service: string, ...args: string[]): Exchange =>
  http1(service, ['curl', '-sS', '-m', '30', ...args]);
/** Runs a line of shell; `large` below is a file of 32 MiB. */
const shell = (service: string, line: string): Exchange =>
  http1(service, bash(`large=${files.join('uploads/large.bin')}; ${line}`));

describe('curl, to a server that says what it was sent', () => {
  test.each([
    ['GET', []],
    ['query and odd characters', [`${REFLECT}/a/b%20c/?x=1&x=2&y=%C3%A9#fragment`]],
    ['an absolute target', ['--request-target', `${REFLECT}/absolute`, REFLECT]],
    ['OPTIONS *', ['-X', 'OPTIONS', '--request-target', '*', REFLECT]],
    ['an uncommon method', ['-X', 'PROPFIND', `${REFLECT}/folder`]],
    [
      'many fields, empty ones, repeated ones',
      ['-H', 'X-Empty;', '-H', 'Cookie: a=1', '-H', 'Cookie: b=2', REFLECT],
    ],
    ['a long field', ['-H', `X-Long: ${'y'.repeat(12_000)}`, REFLECT]],
    ['POST', ['-d', 'a=1&b=2', REFLECT]],
    ['POST of nothing', ['-X', 'POST', '-H', 'Content-Length: 0', REFLECT]],
    ['GET with a body', ['-X', 'GET', '-d', 'unusual', REFLECT]],
    ['DELETE', ['-X', 'DELETE', `${REFLECT}/orders/7`]],
    ['HTTP/1.0', ['--http1.0', '-d', 'old', REFLECT]],
    ['HTTP/1.0 and keep-alive', ['--http1.0', '-H', 'Connection: keep-alive', REFLECT, REFLECT]],
    ['IPv4', ['-4', REFLECT]],
    ['IPv6', ['-6', REFLECT]],
  ])('%s', async (_name, args) => {
    const { stdout } = await twins.same(curl('reflect', '-i', ...(args.length === 0 ? [REFLECT] : args)));
    expect(stdout).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  });

  test('HEAD', async () => {
    const { stdout } = await twins.same(curl('reflect', '-I', REFLECT, REFLECT));
    expect(stdout.match(/HTTP\/1.1 200 OK/g)).toHaveLength(2);
  });

  test.each([
    ['a known length', '-T "$large"'],
    ['chunks', '-T - <"$large"'],
    ['100-continue awaited', '--expect100-timeout 20 -H "Expect: 100-continue" -T "$large"'],
    ['chunks and 100-continue awaited', '--expect100-timeout 20 -H "Expect: 100-continue" -T - <"$large"'],
  ])('a large upload with %s', async (_name, args) => {
    const { stdout } = await twins.same(shell('reflect', `curl -sS -i -m 30 ${args} ${REFLECT}/up`));
    expect(reflected(stdout).body).toEqual({ bytes: 32 << 20, sha256: checksum });
  });

  test('an upload that the server refuses before it has begun', async () => {
    const expects = '--expect100-timeout 20 -H "Expect: 100-continue"';
    const { stdout } = await twins.same(
      shell('reflect', `curl -sS -i -m 30 ${expects} -T "$large" ${REFLECT}/unwanted`),
    );
    expect(stdout).toMatch(/^HTTP\/1.1 413/);
  });

  test.each([
    ['/trailers', 'x-checksum: abc123'],
    ['/none', 'HTTP/1.1 204'],
    ['/unchanged', 'HTTP/1.1 304'],
    ['/hints', 'HTTP/1.1 103 Early Hints'],
    ['/until-close', 'until close'],
    ['/poll', 'news'],
    ['/events', 'data: the end'],
  ])('%s', async (path, part) => {
    const { stdout } = await twins.same(curl('reflect', '-i', '-N', `${REFLECT}${path}`));
    expect(stdout).toContain(part);
  });

  test.each([
    ['/silence', 52],
    ['/half', 18],
    ['/reset', 56],
  ])('a server that breaks off: %s', async (path, code) => {
    const outcomes = ['ok', 'upstream_reset', 'malformed_response'] as const;
    await twins.same({ ...curl('reflect', '-N', `${REFLECT}${path}`), outcomes, code });
  });
});

describe('curl, to nginx', () => {
  const numbers = '%{http_code} %{http_version} %{size_download} %{num_connects}\n';

  test('one connection for many requests', async () => {
    const urls = Array.from({ length: 50 }, (_, at) => ['-o', '/dev/null', `${WEB}/hello?${at}`]);
    const { stdout } = await twins.same({ ...curl('web', '-w', numbers, ...urls.flat()), exchanges: 50 });
    const [first, ...rest] = stdout.trim().split('\n');
    expect(first).toBe('200 1.1 6 1');
    expect(new Set(rest)).toEqual(new Set(['200 1.1 6 0']));
    expect(rest).toHaveLength(49);
  });

  test.each([
    ['a range', ['-r', '1000-1999', `${WEB}/large.bin`]],
    [
      'several ranges',
      ['-r', '0-9,100-109', '--http1.1', '-o', '/dev/null', '-w', numbers, `${WEB}/large.bin`],
    ],
    ['compressed', ['--compressed', `${WEB}/small.txt`]],
    ['a redirect', ['-L', '-w', numbers, `${WEB}/moved`]],
    ['not found', ['-w', numbers, `${WEB}/missing`]],
    ['parallel', ['-Z', ...Array.from({ length: 8 }, () => `${WEB}/hello`)]],
  ])('%s', async (_name, args) => {
    await twins.same(shell('web', `curl -sS -m 30 ${quoted(args)} | sha256sum`));
  });

  test('PUT, read again, DELETE', async () => {
    const url = `${WEB}/dav/$(hostname).bin`;
    const { stdout } = await twins.same(
      shell(
        'web',
        `curl -sS -w '%{http_code}\\n' -T "$large" ${url}; curl -sS ${url} | sha256sum; curl -sS -X DELETE -w '%{http_code}\\n' ${url}`,
      ),
    );
    expect(stdout).toBe(`201\n${checksum}  -\n204\n`);
  });

  test('a slow reader', async () => {
    const { stdout } = await twins.same(
      shell(
        'web',
        `curl -sS -m 30 --limit-rate 200k ${WEB}/medium.bin | sha256sum; curl -sS ${WEB}/large.bin | (sleep 1; sha256sum)`,
      ),
    );
    expect(stdout).toContain(checksum);
  });

  test('a reader who has enough', async () => {
    const stops = { outcomes: ['ok', 'caller_reset'] as const };
    const { stdout } = await twins.same({
      ...shell('web', `(curl -sS ${WEB}/large.bin 2>/dev/null || true) | head -c 100000 | sha256sum`),
      ...stops,
    });
    expect(stdout).toMatch(/^[0-9a-f]{64}/);
  });

  test.each([
    ['HTTP/1.1', '--http1.1'],
    ['HTTP/2', '--http2'],
  ])('TLS, %s inside', async (_name, version) => {
    const trusted = ['--cacert', files.join('cert.pem')];
    const command = `curl -sS -m 30 ${version} ${quoted(trusted)} https://web.apps:8443/large.bin | sha256sum`;
    const { stdout, records } = await twins.same({ ...shell('web', command), protocol: 'tls' });
    expect(stdout).toContain(checksum);
    expect(records).toHaveLength(1);
  });
});

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(' ');

describe('other clients', () => {
  test('wget: a file, a tree, and going on where it stopped', async () => {
    const { stdout } = await twins.same(
      shell(
        'web',
        `wget -q -O - ${WEB}/large.bin | sha256sum
        wget -q -r -np -nH ${WEB}/listing/ && find . -type f ! -name 'index*' | sort
        head -c 1000 <"$large" >large.bin && wget -q -c ${WEB}/large.bin && sha256sum large.bin`,
      ),
    );
    expect(stdout.match(new RegExp(checksum, 'g'))).toHaveLength(2);
    expect(stdout).toContain('./listing/two.txt');
  });

  test('python3 http.server and urllib', async () => {
    const { stdout } = await twins.same(
      http1('simple', ['/usr/bin/python3', clientFile('urllib-client.py'), 'http://simple.apps:8080']),
    );
    expect(stdout).toContain(checksum);
  });

  test('python3 urllib: POST', async () => {
    const { stdout } = await twins.same(
      http1('reflect', ['/usr/bin/python3', clientFile('urllib-post.py'), REFLECT]),
    );
    expect(reflected(stdout).body.bytes).toBe(3_000_000);
  });

  test('undici: keep-alive, pipelining, aborted requests', async () => {
    const { stdout } = await twins.same({
      ...http1('reflect', ['node', clientFile('undici.mjs'), REFLECT]),
      exchanges: 310,
      // Node's server hangs up when its caller does, but it is not the one who began.
      outcomes: ['ok', 'caller_reset'],
    });
    expect(JSON.parse(stdout)).toMatchObject({ keepAlive: 100, pipelined: 200, connections: 1 });
  });

  test('ws: echo, large frames, ping, close codes', async () => {
    const { stdout } = await twins.same(http1('ws', ['node', clientFile('ws.mjs'), 'ws://ws.apps:8080']));
    expect(stdout).toContain('closed 4321 enough');
  });

  test('an upgrade to a protocol of its own', async () => {
    const { stdout } = await twins.same(
      http1('reflect', ['node', clientFile('upgrade.mjs'), 'reflect.apps', '8080']),
    );
    expect(stdout).toContain('echoed 8388608 bytes');
  });

  test('CONNECT: curl through a forward proxy', async () => {
    const { stdout } = await twins.same({
      ...curl('forward', '-p', '-x', 'http://forward.apps:3128', `${WEB}/hello`, `${WEB}/small.txt`),
    });
    expect(stdout).toContain('hello\n');
  });
});
