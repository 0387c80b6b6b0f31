import type { Account } from './account.ts';

/** Who shares a bucket: a subject of a limit, and an operation where the limit tells these apart. */
export interface BucketName {
  readonly subject: string;
  readonly operation: string;
}

/** One bucket of one limit, in the book's order of use. */
export class Bucket {
  readonly name: BucketName;
  /** Opened anew when the rate changes; what is under way stays. */
  account: Account;
  /** Requests under way. */
  inFlight = 0;
  /** When it was moved in the order of use. */
  orderedAt = 0;
  newer: Bucket | null = null;
  older: Bucket | null = null;

  constructor(name: BucketName, account: Account) {
    this.name = name;
    this.account = account;
  }
}
