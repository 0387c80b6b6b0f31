import type { Severity, Workload } from '@eastwall/policy';
import type { Attempts, PodReport } from '../capture/protocol.ts';
import type { Sign } from '../guard/finding-book.ts';

interface Attempt {
  readonly name: keyof Attempts;
  readonly severity: Severity;
  readonly words: string;
}

/** Worst first: the explanation is that of the first that has grown. `unjudged` is what the agent missed, no attempt. */
const ATTEMPTS: readonly Attempt[] = [
  {
    name: 'smuggled',
    severity: 'critical',
    words: 'writes whole frames to its interface, past the rules in its network namespace',
  },
  {
    name: 'foreignListener',
    severity: 'high',
    words: 'has a socket of its own at the agent’s port, so that connections would have come to it',
  },
  {
    name: 'marked',
    severity: 'medium',
    words: 'marks its packets, which may be a guess at how the agent’s own are told',
  },
  {
    name: 'forwarded',
    severity: 'low',
    words: 'forwards connections for somebody behind it, and these go direct',
  },
];

/** Turns what the kernel has counted of a pod into signs, when a count has grown. */
export class BypassWatch {
  readonly #note: (sign: Sign) => void;
  #seen = new Map<string, Attempts>();

  constructor(note: (sign: Sign) => void) {
    this.#note = note;
  }

  /** All pods as they are now; a pod that is seen for the first time may have counted before this agent began. */
  look(pods: readonly PodReport[], workloadOf: (uid: string) => Workload | null): void {
    for (const { uid, attempts } of pods) {
      const workload = workloadOf(uid);
      if (workload !== null) this.#compare(workload, attempts, this.#seen.get(uid));
    }
    this.#seen = new Map(pods.map(({ uid, attempts }) => [uid, attempts]));
  }

  #noteQuic(caller: Workload, packets: number): void {
    this.#note({
      detection: 'quic-egress',
      caller,
      destination: '',
      operation: '',
      explanation: `pod ${caller.namespace}/${caller.pod} sends UDP to port 443: QUIC, which nobody reads`,
      evidence: { packets },
    });
  }

  #compare(caller: Workload, now: Attempts, before: Attempts | undefined): void {
    if (now.quic > (before?.quic ?? 0)) this.#noteQuic(caller, now.quic);
    const grown = ATTEMPTS.filter(({ name }) => now[name] > (before?.[name] ?? 0));
    const [worst] = grown;
    if (worst === undefined) return;
    this.#note({
      detection: 'interception-bypass',
      caller,
      destination: '',
      operation: '',
      severity: worst.severity,
      explanation: `pod ${caller.namespace}/${caller.pod} ${worst.words}`,
      evidence: Object.fromEntries(ATTEMPTS.map(({ name }) => [name, now[name]])),
    });
  }
}
