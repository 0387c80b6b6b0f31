import { canonicalPath, type Destination } from '@eastwall/policy';
import { destinationName } from '../record/destination-name.ts';
import type { AskedFor } from './guards.ts';
import type { OperationBook } from './operation-book.ts';

/** Stands for everything that is not learnt, whatever it is: callers can make up as much of that as they like. */
const UNLEARNT = 'unlearnt';

/** The operation that a limit counts a request for. Hosts outside of the cluster are no part of it: callers choose them. */
export function operationName(book: OperationBook, destination: Destination, asked: AskedFor): string {
  const path = canonicalPath(asked.path);
  if (path === null) return UNLEARNT;
  const operation = book.at(destination, asked.host).learner.resolve(asked.method, path);
  if (operation === null) return UNLEARNT;
  const place = destination.services.length === 0 ? 'outside' : destinationName(destination, '');
  return `${operation.method} ${place} ${operation.template}`;
}
