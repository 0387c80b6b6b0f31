import type { Destination, Operation } from '@eastwall/policy';
import { destinationName } from '../record/destination-name.ts';

/** Stands for everything that is not learnt, whatever it is: callers can make up as much of that as they like. */
const UNLEARNT = 'unlearnt';

/** The operation that a limit counts a request for. Hosts outside of the cluster are no part of it: callers choose them. */
export function operationName(operation: Operation | null, destination: Destination): string {
  if (operation === null) return UNLEARNT;
  const place = destination.services.length === 0 ? 'outside' : destinationName(destination, '');
  return `${operation.method} ${place} ${operation.template}`;
}
