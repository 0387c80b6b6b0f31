import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const MIB = 2 ** 20;
/** More young objects alive at once than a small young generation holds. */
const CHURN = `
  const { getHeapSpaceStatistics } = await import('node:v8');
  const kept = [];
  let most = 0;
  for (let round = 0; round < 40; round++) {
    kept[round % 10] = Array.from({ length: 20_000 }, (_, at) => ({ at, text: 'text ' + at }));
    const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
    most = Math.max(most, young.physical_space_size);
  }
  console.log(most);
`;

/** The most that young objects had in a process of its own that has called this function first. */
function youngBytes(call: 'keepHeapSmall' | 'letHeapGrow'): number {
  const heap = JSON.stringify(new URL('./heap.ts', import.meta.url).href);
  const program = `(await import(${heap})).${call}();${CHURN}`;
  const argv = ['--no-warnings', '--input-type=module', '--eval', program];
  return Number(execFileSync(process.execPath, argv, { encoding: 'utf8' }));
}

describe('keepHeapSmall', () => {
  it('is heeded by a V8 that runs already', () => {
    expect(youngBytes('keepHeapSmall')).toBeLessThan(8 * MIB);
    expect(youngBytes('letHeapGrow')).toBeGreaterThan(16 * MIB);
  });
});
