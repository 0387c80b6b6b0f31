import { BODY_OUTCOMES, FORGOTTEN, type IdCounts, SHOWN_SOURCES, zeroOf } from '../src/record/id-counts.ts';

/** Nothing was seen. */
export const noIdCounts = (): IdCounts => ({
  requestBodies: zeroOf(BODY_OUTCOMES),
  responseBodies: zeroOf(BODY_OUTCOMES),
  shown: zeroOf(SHOWN_SOURCES),
  forgotten: zeroOf(FORGOTTEN),
});
