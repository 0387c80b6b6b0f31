import { describe, expect, it } from 'vitest';
import { type Report, tally } from './tally.ts';

const report = (success: boolean, ...files: [status: string, ...tests: string[]][]): Report => ({
  success,
  testResults: files.map(([status, ...tests], index) => ({
    name: `file-${index}`,
    status,
    assertionResults: tests.map((test) => ({ status: test })),
  })),
});

describe('tally', () => {
  it('adds up tests over files and reports', () => {
    const reports = [
      report(true, ['passed', 'passed', 'passed'], ['passed', 'pending']),
      report(false, ['failed', 'passed', 'failed', 'todo']),
    ];
    expect(tally(reports)).toEqual({ passed: 3, failed: 1, skipped: 2 });
  });

  it('counts a file that could not be loaded as a failure', () => {
    expect(tally([report(false, ['failed'], ['passed', 'passed'])])).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  it('counts a failure outside any test', () => {
    expect(tally([report(false, ['passed', 'passed'])])).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it('counts nothing in a run of nothing', () => {
    expect(tally([])).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});
