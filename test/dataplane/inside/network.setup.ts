import { redirectTestAddresses } from '../../support/dataplane-process.ts';

/** Once for all cases: they share the namespace. */
export const setup = redirectTestAddresses;
