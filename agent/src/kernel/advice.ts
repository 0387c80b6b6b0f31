/** A message with lines that say what to do about it, as `preflight` writes them. */
export const advised = (problem: string, ...advice: readonly string[]): string =>
  [problem, ...advice].join('\n  → ');
