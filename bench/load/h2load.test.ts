import { describe, expect, it } from 'vitest';
import { parseH2load } from './h2load.ts';

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
