import fc from 'fast-check';

/** The number of runs of a property, unless `make fuzz` asks for as many as time allows. */
export function runs(usual: number): { readonly numRuns: number } {
  return { numRuns: fc.readConfigureGlobal().numRuns ?? usual };
}
