import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CAPABILITY, holds, mapsId, parseProcessStatus } from './process-status.ts';

describe('parseProcessStatus', () => {
  it('reads what the kernel says of this process', () => {
    const status = parseProcessStatus(readFileSync('/proc/self/status', 'utf8'));
    expect(status.uid).toBe(process.getuid?.());
  });

  it('takes every missing field for the most privileged value', () => {
    const status = parseProcessStatus('Name:\tnode\n');
    expect(status).toMatchObject({ uid: 0, noNewPrivileges: false });
    expect(holds(status.effective, CAPABILITY.setuid) && holds(status.bounding, CAPABILITY.kill)).toBe(true);
  });

  it('reads sets that are wider than 32 bits', () => {
    const status = parseProcessStatus('CapEff:\t000001ffffffffff\nCapPrm:\t0000010000000000\n');
    expect([holds(status.effective, 40), holds(status.permitted, 40), holds(status.permitted, 8)]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('mapsId', () => {
  it.each([
    ['         0          0 4294967295\n', 65_534, true],
    ['         0       1001          1\n', 65_534, false],
    ['         0       1001          1\n', 0, true],
    ['0 1000 1\n1 100000 65536\n', 65_534, true],
    ['0 1000 1\n1 100000 65533\n', 65_534, false],
    ['', 0, false],
  ])('%j maps %i: %s', (map, id, expected) => {
    expect(mapsId(map, id)).toBe(expected);
  });
});
