import { describe, expect, it } from 'vitest';
import { memoryOf, parseMemory, together } from './process-memory.ts';

const ROLLUP = `00400000-7ffe1000 ---p 00000000 00:00 0    [rollup]
Rss:               70000 kB
Pss:               40000 kB
Pss_Dirty:         20000 kB
Shared_Clean:      48000 kB
Private_Clean:      2000 kB
Private_Dirty:     20000 kB
`;

describe('memory of processes', () => {
  it('is read from the roll-up of their mappings', () => {
    expect(parseMemory(ROLLUP, 'Name:\tnode\nVmHWM:\t   81000 kB\n')).toEqual({
      rss: 70000,
      pss: 40000,
      private: 22000,
      peak: 81000,
    });
  });

  it('of this process is some, and no more than it was at most', () => {
    const { rss, private: own, peak } = memoryOf(process.pid);
    expect(own).toBeGreaterThan(0);
    expect(rss).toBeGreaterThanOrEqual(own);
    expect(peak).toBeGreaterThan(0);
  });

  it('counts once what several share', () => {
    const one = { rss: 70, pss: 40, private: 22, peak: 81 };
    expect(together([one, { rss: 50, pss: 20, private: 10, peak: 50 }])).toEqual({
      rss: 120,
      pss: 80,
      private: 32,
      peak: 131,
    });
  });
});
