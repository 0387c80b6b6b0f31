import { describe, expect, it } from 'vitest';
import { parseH2load, parseLog } from './h2load.ts';

/** As nghttp2 1.52 prints it. */
const report = ({ failed = 0, good = 48_010 } = {}) => `starting benchmark...
Application protocol: h2c
finished in 2.00s, 24000.50 req/s, 66.47KB/s
requests: 48001 total, 48129 started, 48001 done, 48001 succeeded, ${failed} failed, ${failed} errored, 0 timeout
status codes: ${good} 2xx, 0 3xx, 4 4xx, 0 5xx
traffic: 132.94KB (136132) total, 93.75KB (96000) headers (space savings 51.02%), 3.91KB (4000) data
                     min         max         mean         sd        +/- sd
time for request:       25us     19.77ms       153us      1.24ms    99.60%
`;

describe('parseH2load', () => {
  it('reads requests and rate', () => {
    expect(parseH2load(report())).toEqual({ requests: 48_001, rps: 24_000.5 });
  });

  it.each([
    ['failed requests', report({ failed: 2 })],
    ['answers that are no success', report({ good: 47_000 })],
    ['no report', 'starting benchmark...\n'],
  ])('throws on %s', (_what, output) => expect(() => parseH2load(output)).toThrow('h2load'));
});

describe('parseLog', () => {
  it('tells how long requests took, whatever their order', () => {
    const rows = Array.from({ length: 100 }, (_, at) => `17000${at}\t200\t${100 - at}\n`);
    expect(parseLog(rows.join(''))).toEqual({ requests: 100, p50Microseconds: 51, p99Microseconds: 100 });
  });

  it.each([
    ['', 'no request'],
    ['1\t200\t5\n2\t403\t5\n', '403'],
    ['1\t-1\t5\n', '-1'],
  ])('refuses %j', (text, message) => expect(() => parseLog(text)).toThrow(message));
});
