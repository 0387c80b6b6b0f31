import type { Account } from './account.ts';

/** One bucket of one limit, in the book's order of use. */
export class Bucket {
  /** Opened anew when the rate changes; what is under way stays. */
  account: Account;
  /** Requests under way. */
  inFlight = 0;
  /** When it was moved in the order of use. */
  orderedAt = 0;
  newer: Bucket | null = null;
  older: Bucket | null = null;

  constructor(account: Account) {
    this.account = account;
  }
}
