import type { Family } from '../ipc/messages.ts';
import type { Fd } from '../kernel/libc.ts';
import type { Choice } from './annotated.ts';
import type { Enrolment } from './enrolment.ts';
import type { FailModeChoice } from './fail-mode.ts';
import type { InboundChoice } from './inbound-mode.ts';
import { type Interfaces, NO_INTERFACES } from './interfaces.ts';
import type { NetnsOwner } from './pairing.ts';
import type { Inheritance } from './protocol.ts';
import { type Attempts, NO_ATTEMPTS, NO_PROOFS, type PodReport } from './protocol.ts';
import type { QuicMode } from './quic-mode.ts';
import { Turnstile } from './turnstile.ts';

/** One network namespace that the runtime has mounted, and what capture knows about it. */
export class Netns {
  readonly inode: number;
  /** Pins the namespace: its inode belongs to nobody else while this is open. */
  readonly fd: Fd;
  /** When it was first seen, in monotonic ms. */
  readonly seenAt: number;
  /** Where it is mounted; gone when nowhere. */
  readonly paths = new Set<string>();
  /** What changes rules or listeners goes one by one. */
  readonly turn = new Turnstile(1);
  /** An agent before this one may have put rules there. */
  untouched: boolean;
  /** Rules of another kind than ours may be there, of an agent before this one or of one that failed to follow it. */
  mayHaveOthers = false;
  interfaces: Interfaces = NO_INTERFACES;
  owner: NetnsOwner = { state: 'unclaimed' };
  enrolment: Enrolment | null = null;
  /** Its owner did not want it. Stays so while the owner goes away, and until one is known that does want it. */
  optedOut = false;
  /** No longer redirected, with connections still open; the latest comes last. */
  readonly draining = new Set<Enrolment>();
  /** Of its owner; null while that is not known. */
  failMode: FailModeChoice | null = null;
  /** Of its owner; null while that is not known. */
  quicMode: Choice<QuicMode> | null = null;
  /** Whether what comes to it is to be observed, as its owner says; null while that is not known. */
  inboundMode: InboundChoice | null = null;
  /** A dataplane wants what comes to it to be observed, or did when an agent before us served it. */
  inboundAsked = false;
  /** What an agent before us has handed over; null once it is part of an enrolment, or could not be. */
  inheritance: Inheritance | null = null;
  /** When its interception is to be proven next, in monotonic ms; null until it has its turn. */
  proofDueAt: number | null = null;
  proofs: PodReport['proofs'] = NO_PROOFS;
  /** Families whose latest proof has failed for the first time. */
  readonly doubts = new Set<Family>();
  attempts: Attempts = NO_ATTEMPTS;
  /** Why it is not enrolled, or not as it should be. */
  problem: string | null = null;
  closed = false;

  constructor(opened: { readonly fd: Fd; readonly inode: number }, untouched: boolean, seenAt: number) {
    this.fd = opened.fd;
    this.inode = opened.inode;
    this.untouched = untouched;
    this.seenAt = seenAt;
  }

  /** Whether what comes to it is to be observed. */
  get wantsInbound(): boolean {
    const mode = this.inboundMode?.mode ?? 'auto';
    return mode === 'auto' ? this.inboundAsked : mode === 'on';
  }

  get path(): string {
    return this.paths.values().next().value ?? '';
  }
}
