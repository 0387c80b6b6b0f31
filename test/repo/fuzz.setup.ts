import { configureGlobal } from 'fast-check';

/** Under `make fuzz` every property runs until its time is up instead of for a number of runs. */
const seconds = Number(process.env['FUZZ_SECONDS']);

configureGlobal({ numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1000 });
