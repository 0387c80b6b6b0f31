import type { Fd } from '../kernel/libc.ts';
import type { Result } from '../kernel/result.ts';
import type { Wish } from './wish.ts';

/** What puts rules into network namespaces: nftables, or iptables on kernels that have no nf_tables. */
export interface RuleEngine {
  readonly kind: 'nft' | 'iptables-nft' | 'iptables-legacy';
  /** What tells rules which connections are to be tracked apart: what exempts them, or a mark in any case. */
  readonly apartBy: 'exemption' | 'mark';
  /** `untouched` says that nobody can have put rules of ours there before. The error is why there can be none. */
  open(netns: Fd, untouched: boolean): Result<PodRules, string>;
}

/**
 * What somebody else had changed, and is as it should be again, by the names that `status` and events use; nothing when
 * all was right.
 */
export type Changed = readonly string[];

export interface Applied {
  readonly changed: Changed;
  /** Why the rules for IPv6 could not be loaded, where they are loaded apart from those for IPv4. */
  readonly failed6: string | null;
  /** Why what comes to the pod is not observed although that was wished for. */
  readonly inboundProblem: string | null;
  /** Why there is no packet guard although one was wished for. */
  readonly guardProblem: string | null;
}

export const UNCHANGED: Applied = {
  changed: [],
  failed6: null,
  inboundProblem: null,
  guardProblem: null,
};

/** Our rules in one network namespace. Its methods must not overlap. */
export interface PodRules {
  /**
   * `gateMs` is how long connections are redirected without a beat; 0 for a gate that is closed. iptables can't tell
   * what somebody else had changed before.
   */
  apply(wish: Wish, gateMs: number): Promise<Result<Applied, string>>;
  /** Puts right what is not as it was applied last, if anything has changed since. */
  verify(wish: Wish, gateMs: number): Promise<Result<Applied, string>>;
  /** Keeps the gate open for a whole timeout from now. False when somebody has changed rules meanwhile. */
  beat(): boolean;
  /** Sends nobody who comes to the pod to the agent until the next beat. */
  closeArrivals(): void;
  /** False when surely nothing of ours is in the namespace, whoever put it there. */
  mayBeThere(): boolean;
  /** Packets by the name of their counter, since the rules were opened; empty where nothing is counted. */
  counters(): ReadonlyMap<string, number>;
  close(): void;
}
