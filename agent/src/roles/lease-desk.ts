import type { LeaseAsk } from '@eastwall/policy';
import type { ToDataplane } from '../ipc/messages.ts';
import type { LeaseStore } from '../store/lease-store.ts';

/**
 * Between the dataplanes, which may reach no network, and the store of limits. It decides nothing: what a dataplane asks
 * for goes to the store, and what the store says goes back.
 */
export class LeaseDesk {
  readonly #store: LeaseStore;
  readonly #maxOpen: number;
  #open = 0;

  constructor(store: LeaseStore, maxOpen: number) {
    this.#store = store;
    this.#maxOpen = maxOpen;
  }

  asked(asks: readonly LeaseAsk[], answer: (message: ToDataplane) => void): void {
    // A dataplane asks once per bucket until it is answered; one that does not is refused, and nobody else.
    if (this.#open + asks.length > this.#maxOpen) {
      answer({ kind: 'lease-reply', grants: [], failed: asks.map(({ bucket }) => bucket) });
      return;
    }
    this.#open += asks.length;
    this.#store.ask(asks, ({ grants, failed }) => {
      this.#open -= grants.length + failed.length;
      answer({ kind: 'lease-reply', grants, failed });
    });
  }

  get status() {
    return this.#store.status();
  }

  close(): void {
    this.#store.close();
  }
}
