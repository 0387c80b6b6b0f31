import type { NamespaceId } from '../ipc/messages.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Fd } from '../kernel/libc.ts';
import type { NetnsDoor } from './inside.ts';
import type { Interfaces } from './interfaces.ts';
import type { Inheritance } from './protocol.ts';
import type { QuicMode } from './quic-mode.ts';
import type { RuleEngine } from './rule-engine.ts';
import type { Exemption, FailMode } from './wish.ts';

/** What every enrolment of this agent works with. */
export interface CaptureTools {
  readonly door: NetnsDoor;
  readonly engine: RuleEngine;
  readonly clock: Clock;
  /** How long connections are redirected after a beat of the dataplane, in ms. */
  readonly gateTimeoutMs: number;
  /** Whether frames that are written past the rules are to be kept from leaving. */
  readonly packetGuard: boolean;
  /** Whether the agent's connections can be tracked apart from the pod's. */
  readonly apart: boolean;
}

/** What a pod, its owner and the agent want of an enrolment; what can change while it lasts. */
export interface Will {
  readonly failMode: FailMode;
  readonly quic: QuicMode;
  /** Whether what comes to the pod is to be observed. */
  readonly inbound: boolean;
  /** Of the node, in canonical text: whoever connects from there is left alone. */
  readonly nodeAddresses: readonly string[];
}

export interface EnrolmentPlace {
  readonly id: NamespaceId;
  readonly netns: Fd;
  readonly exemption: Exemption;
  readonly will: Will;
  /** Nobody can have put rules of ours there before. */
  readonly untouched: boolean;
  readonly interfaces: Interfaces;
  /** What the agent before us had there, and still serves from until ours is in place. */
  readonly inheritance: Inheritance | null;
}
