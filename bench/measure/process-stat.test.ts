import { describe, expect, it } from 'vitest';
import { parseStat, readStat } from './process-stat.ts';

describe('parseStat', () => {
  it('reads past a command with brackets and spaces in it', () => {
    const text =
      '4711 (a (b) c) S 12 4711 4711 0 -1 4194560 900 0 0 0 100 20 3 4 20 0 9 0 1234 900000 555 18446744073709551615';
    expect(parseStat(text)).toEqual({ pid: 4711, parent: 12, cpuTicks: 127, rssPages: 555 });
  });
});

describe('readStat', () => {
  it('agrees with what Node says of this process', () => {
    expect(readStat(process.pid)).toMatchObject({ pid: process.pid, parent: process.ppid });
  });

  it('is null for a process that is not there', () => {
    expect(readStat(2 ** 30)).toBeNull();
  });
});
