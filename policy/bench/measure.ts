const ROUNDS = 9;
const DECISIONS = 200_000;
const FEW_DECISIONS = 10_000;

/** Median nanoseconds of one decision, over requests that keep the data paths from being one warm line. */
export function nsPerDecision<T>(requests: readonly T[], decide: (request: T) => object | null): number {
  return median(() => {
    const start = process.hrtime.bigint();
    run(requests, decide, DECISIONS);
    return Number(process.hrtime.bigint() - start) / DECISIONS;
  });
}

/** Heap growth over few enough decisions that no collection hides it. */
export function bytesPerDecision<T>(requests: readonly T[], decide: (request: T) => object | null): number {
  return median(() => {
    const before = process.memoryUsage().heapUsed;
    run(requests, decide, FEW_DECISIONS);
    return Math.max(0, process.memoryUsage().heapUsed - before) / FEW_DECISIONS;
  });
}

/** Median microseconds for one of `count` things; `prepare` is not counted. */
export function microsecondsFor(count: number, prepare: () => () => void): number {
  return median(() => {
    const work = prepare();
    const start = process.hrtime.bigint();
    work();
    return Number(process.hrtime.bigint() - start) / 1_000 / count;
  });
}

/** A table row; the last two columns are microseconds and keep a decimal. */
export function printRow(header: readonly string[], figures: readonly number[]): void {
  const cells = figures.map((n, i) => n.toFixed(i >= header.length - 2 ? 1 : 0));
  print(`  ${cells.map((cell, i) => cell.padStart(Math.max(14, header[i]?.length ?? 0))).join('  ')}`);
}

export function printHeader(name: string, header: readonly string[]): void {
  print(name);
  print(`  ${header.map((title) => title.padStart(14)).join('  ')}`);
}

function run<T>(requests: readonly T[], decide: (request: T) => object | null, decisions: number): void {
  let none = 0;
  for (let i = 0; i < decisions; i++) {
    const request = requests[i % requests.length];
    if (request !== undefined && decide(request) === null) none++;
  }
  // Used, so that the engine can't drop the loop.
  if (none < 0) print(String(none));
}

function median(measure: () => number): number {
  const figures = Array.from({ length: ROUNDS }, measure).sort((a, b) => a - b);
  return figures[ROUNDS >> 1] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
