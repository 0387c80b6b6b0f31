import { describe, expect, it } from 'vitest';
import { atPace, parseWrk, wrkArgv } from './wrk.ts';

const report = (changes: object = {}) =>
  `Running 1s test\n  1 threads\n\n${JSON.stringify({
    requests: 50_000,
    microseconds: 2_000_000,
    p50: 800,
    p99: 2100,
    refused: 0,
    broken: 0,
    ...changes,
  })}\n`;

describe('parseWrk', () => {
  it('reads the last line', () => {
    expect(parseWrk(report())).toEqual({
      requests: 50_000,
      rps: 25_000,
      p50Microseconds: 800,
      p99Microseconds: 2100,
    });
  });

  it.each([
    ['refused requests', report({ refused: 1 })],
    ['broken connections', report({ broken: 3 })],
    ['a run of nothing', report({ requests: 0 })],
    ['no report', 'unable to connect to 10.0.0.1:80 Connection refused\n'],
  ])('throws on %s', (_what, output) => expect(() => parseWrk(output)).toThrow('wrk'));
});

describe('wrkArgv', () => {
  const load = {
    tool: 'wrk',
    method: 'PUT',
    path: '/upload/1',
    connections: 8,
    bodyBytes: 1024,
    keepAlive: false,
  } as const;
  const argvOf = (changes: object) =>
    wrkArgv({ ...load, ...changes }, { url: 'http://10.0.0.1', seconds: 4 });

  it('hands the load to the script', () => {
    const argv = argvOf({});
    expect(argv).toContain('http://10.0.0.1/upload/1');
    expect(argv.slice(argv.indexOf('--') + 1)).toEqual(['PUT', '1024', 'close']);
    expect(argvOf({ pauseMs: 5 }).at(-1)).toBe('5');
    expect(argvOf({}).join(' ')).toContain('--threads 1 ');
    expect(argvOf({ threads: 4 }).join(' ')).toContain('--threads 4 ');
  });

  it('has as many connections as a pace takes', () => {
    expect(atPace({ ...load, pauseMs: 5 }, 20_000).connections).toBe(100);
    expect(atPace({ ...load, pauseMs: 5 }, 1).connections).toBe(1);
    expect(atPace({ ...load, pauseMs: 5, threads: 4 }, 1).connections).toBe(4);
  });
});
