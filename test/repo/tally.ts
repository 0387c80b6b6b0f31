import { readFileSync } from 'node:fs';

/** The part of vitest's JSON report that we count. */
export interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts tests over several reports. A file that failed without a failed test (it could not be loaded, say),
 * and a run that failed outside any test, count as one failure each: nothing red may look green.
 */
export function tally(reports: readonly Report[]): Tally {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const report of reports) {
    const before = counts.failed;
    for (const file of report.testResults) countFile(file, counts);
    if (!report.success && counts.failed === before) counts.failed += 1;
  }
  return counts;
}

function countFile(
  file: Report['testResults'][number],
  counts: { -readonly [K in keyof Tally]: number },
): void {
  const before = counts.failed;
  for (const { status } of file.assertionResults) {
    if (status === 'passed') counts.passed += 1;
    else if (status === 'failed') counts.failed += 1;
    else counts.skipped += 1;
  }
  if (file.status === 'failed' && counts.failed === before) counts.failed += 1;
}

function main(paths: readonly string[]): void {
  const { passed, failed, skipped } = tally(paths.map((path) => JSON.parse(readFileSync(path, 'utf8'))));
  if (skipped > 0) process.stdout.write(`${skipped} skipped\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
}

if (import.meta.main) main(process.argv.slice(2));
